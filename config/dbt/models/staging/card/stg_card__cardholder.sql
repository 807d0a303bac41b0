with raw_cardholder as (
    select *
    from {{ source('card', 'cardholder') }}
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'card'
),

stg_card__cardholder as (
    select
        {{ clean_code('raw_cardholder.ch_no') }} as cardholder_no,
        {{ clean_code('raw_cardholder.emboss_nm') }} as latin_name,
        {{ clean_text('raw_cardholder.name_cn') }} as name,
        {{ mapped_code('raw_cardholder.cert_typ', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_cardholder.cert_no') }} as document_number,
        {{ clean_code('raw_cardholder.mobile') }} as mobile,
        {{ clean_code('raw_cardholder.tel') }} as phone,
        {{ clean_text('raw_cardholder.bill_addr') }} as address,
        {{ clean_text('raw_cardholder.employer') }} as employer,
        {{ to_date('raw_cardholder.birth_dt') }} as birth_date,
        {{ mapped_code('raw_cardholder.sex', 'sex_map.code') }} as sex,
        {{ clean_code('raw_cardholder.branch_no') }} as branch_code,
        {{ to_timestamp('raw_cardholder.upd_dt') }} as updated_at,
        raw_cardholder._deleted_as_of as ended_date,
        raw_cardholder._source_file,
        raw_cardholder._row_number,
        raw_cardholder._as_of,
        raw_cardholder._delivery
    from raw_cardholder
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_cardholder.cert_typ') }} = document_type_map.source_code
    left join code_map as sex_map
        on
            sex_map.code_set = 'sex'
            and {{ clean_code('raw_cardholder.sex') }} = sex_map.source_code
)

select * from stg_card__cardholder
