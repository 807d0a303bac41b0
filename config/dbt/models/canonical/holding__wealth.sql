with lot as (
    select * from {{ ref('stg_wealth__holding') }}
),

customer as (
    select * from {{ ref('stg_wealth__customer') }}
),

held as (
    select
        customer_no,
        product_code,
        sum(market_value) as market_value,
        min(bought_date) as bought_date
    from lot
    group by customer_no, product_code
),

holding__wealth as (
    select
        'wealth' as source,
        held.product_code,
        held.market_value,
        held.bought_date,
        customer.branch_code,
        held.customer_no || '-' || held.product_code as account_number,
        {{ record_id('wealth', 'held.customer_no') }} as record_id
    from held
    left join customer on held.customer_no = customer.customer_no
)

select * from holding__wealth
