with raw_customer as (
    select *
    from {{ source('core', 'customer') }}
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'core'
),

stg_core__customer as (
    select
        {{ clean_code('raw_customer.cust_no') }} as customer_no,
        {{ mapped_code('raw_customer.cust_typ', 'party_type_map.code') }} as party_type,
        {{ clean_text('raw_customer.cust_nm') }} as name,
        {{ mapped_code('raw_customer.cert_typ', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_customer.cert_no') }} as document_number,
        {{ to_expiry_date('raw_customer.cert_exp_dt') }} as document_expiry,
        {{ mapped_code('raw_customer.sex_cd', 'sex_map.code') }} as sex,
        {{ to_date('raw_customer.birth_dt') }} as birth_date,
        {{ clean_code('raw_customer.natl_cd') }} as nationality,
        {{ clean_text('raw_customer.occup') }} as occupation,
        {{ clean_code('raw_customer.mobile') }} as mobile,
        {{ clean_code('raw_customer.tel') }} as phone,
        {{ clean_text('raw_customer.addr') }} as address,
        {{ clean_text('raw_customer.employer') }} as employer,
        {{ clean_text('raw_customer.spouse_nm') }} as spouse_name,
        {{ clean_text('raw_customer.spouse_cert_no') }} as spouse_document_number,
        {{ clean_text('raw_customer.legal_rep_nm') }} as legal_representative_name,
        {{ to_boolean('raw_customer.verified_flg') }} as is_verified,
        {{ to_date('raw_customer.open_dt') }} as opened_date,
        {{ clean_code('raw_customer.branch_no') }} as branch_code,
        {{ mapped_code('raw_customer.status_cd', 'customer_status_map.code') }} as status,
        {{ to_timestamp('raw_customer.upd_tm') }} as updated_at,
        raw_customer._deleted_as_of as ended_date,
        raw_customer._source_file,
        raw_customer._row_number,
        raw_customer._as_of,
        raw_customer._delivery
    from raw_customer
    left join code_map as party_type_map
        on
            party_type_map.code_set = 'party_type'
            and {{ clean_code('raw_customer.cust_typ') }} = party_type_map.source_code
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_customer.cert_typ') }} = document_type_map.source_code
    left join code_map as sex_map
        on
            sex_map.code_set = 'sex'
            and {{ clean_code('raw_customer.sex_cd') }} = sex_map.source_code
    left join code_map as customer_status_map
        on
            customer_status_map.code_set = 'customer_status'
            and {{ clean_code('raw_customer.status_cd') }} = customer_status_map.source_code
)

select * from stg_core__customer
