with raw_applicant as (
    select *
    from {{ source('credit', 'applicant') }}
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'credit'
),

stg_credit__applicant as (
    select
        {{ clean_code('raw_applicant.app_id') }} as applicant_no,
        {{ mapped_code('raw_applicant.app_typ', 'party_type_map.code') }} as party_type,
        {{ clean_text('raw_applicant.name') }} as name,
        {{ mapped_code('raw_applicant.cert_type', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_applicant.cert_no') }} as document_number,
        {{ mapped_code('raw_applicant.sex', 'sex_map.code') }} as sex,
        {{ clean_code('raw_applicant.mobile') }} as mobile,
        {{ clean_code('raw_applicant.mobile2') }} as mobile_second,
        {{ clean_code('raw_applicant.tel') }} as phone,
        {{ clean_code('raw_applicant.marital') }} as marital_status,
        {{ clean_text('raw_applicant.spouse_name') }} as spouse_name,
        {{ clean_text('raw_applicant.spouse_cert') }} as spouse_document_number,
        {{ clean_text('raw_applicant.employer') }} as employer,
        {{ clean_text('raw_applicant.home_addr') }} as address,
        {{ clean_text('raw_applicant.legal_rep') }} as legal_representative_name,
        {{ to_decimal('raw_applicant.annual_income') }} as annual_income,
        {{ to_date('raw_applicant.apply_dt') }} as applied_date,
        {{ clean_code('raw_applicant.branch_no') }} as branch_code,
        {{ to_timestamp('raw_applicant.upd_time') }} as updated_at,
        raw_applicant._deleted_as_of as ended_date,
        raw_applicant._source_file,
        raw_applicant._row_number,
        raw_applicant._as_of,
        raw_applicant._delivery
    from raw_applicant
    left join code_map as party_type_map
        on
            party_type_map.code_set = 'party_type'
            and {{ clean_code('raw_applicant.app_typ') }} = party_type_map.source_code
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_applicant.cert_type') }} = document_type_map.source_code
    left join code_map as sex_map
        on
            sex_map.code_set = 'sex'
            and {{ clean_code('raw_applicant.sex') }} = sex_map.source_code
)

select * from stg_credit__applicant
