with raw_customer as (
    select *
    from {{ source('wealth', 'customer') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'wealth'
),

stg_wealth__customer as (
    select
        {{ clean_code('raw_customer.wm_cust_no') }} as customer_no,
        {{ clean_text('raw_customer.name') }} as name,
        {{ mapped_code('raw_customer.id_type', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_customer.id_no') }} as document_number,
        {{ mapped_code('raw_customer.sex', 'sex_map.code') }} as sex,
        {{ to_date('raw_customer.birth_dt') }} as birth_date,
        {{ clean_code('raw_customer.mobile') }} as mobile,
        {{ clean_code('raw_customer.email') }} as email,
        {{ clean_text('raw_customer.addr') }} as address,
        {{ clean_code('raw_customer.branch_no') }} as branch_code,
        {{ to_timestamp('raw_customer.upd_dt') }} as updated_at,
        raw_customer._source_file,
        raw_customer._row_number,
        raw_customer._as_of,
        raw_customer._delivery
    from raw_customer
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_customer.id_type') }} = document_type_map.source_code
    left join code_map as sex_map
        on
            sex_map.code_set = 'sex'
            and {{ clean_code('raw_customer.sex') }} = sex_map.source_code
)

select * from stg_wealth__customer
