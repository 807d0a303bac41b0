with raw_product as (
    select *
    from {{ source('wealth', 'product') }}
    where _deleted_as_of is null
),

stg_wealth__product as (
    select
        {{ clean_code('raw_product.prod_code') }} as product_code,
        {{ clean_text('raw_product.prod_name') }} as product_name,
        {{ clean_code('raw_product.risk_level') }} as risk_level,
        {{ to_date('raw_product.start_dt') }} as started_date,
        {{ to_date('raw_product.maturity_dt') }} as maturity_date,
        {{ to_rate('raw_product.expected_rate') }} as expected_rate,
        raw_product._source_file,
        raw_product._row_number,
        raw_product._as_of,
        raw_product._delivery
    from raw_product
)

select * from stg_wealth__product
