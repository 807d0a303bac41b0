with product as (
    select * from {{ ref('stg_wealth__product') }}
),

product__wealth as (
    select
        'wealth' as source,
        product_code,
        product_name,
        risk_level
    from product
)

select * from product__wealth
