with raw_holding as (
    select *
    from {{ source('wealth', 'holding') }}
    where _deleted_as_of is null
),

stg_wealth__holding as (
    select
        {{ clean_code('raw_holding.wm_cust_no') }} as customer_no,
        {{ clean_code('raw_holding.prod_code') }} as product_code,
        {{ to_decimal('raw_holding.shares') }} as shares,
        {{ to_decimal('raw_holding.market_value') }} as market_value,
        {{ to_date('raw_holding.buy_dt') }} as bought_date,
        raw_holding._source_file,
        raw_holding._row_number,
        raw_holding._as_of,
        raw_holding._delivery
    from raw_holding
)

select * from stg_wealth__holding
