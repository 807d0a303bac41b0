{{ config(materialized='table') }}

with holdings as (
    select * from {{ ref('stg_wealth__holding') }}
),

customers as (
    select * from {{ ref('stg_wealth__customer') }}
),

-- one row per customer and product, also when the product was bought in several lots
held as (
    select
        customer_no,
        product_code,
        customer_no || '-' || product_code as account_number,
        sum(market_value) as market_value,
        min(bought_date) as bought_date
    from holdings
    group by customer_no, product_code
),

int_c360__wealth as (
    select
        held.account_number,
        'wealth' as source,
        'CNY' as currency,
        cast(null as decimal(18, 2)) as balance_before,
        held.bought_date as opened_date,
        cast(null as varchar) as account_class,
        customers.branch_code,
        'active' as status,
        0 as overdue_days,
        'wealth' as account_kind,
        held.product_code as product,
        coalesce(held.market_value, 0) as balance,
        'wealth:' || held.account_number as account_key,
        'wealth:' || held.customer_no as record_id
    from held
    left join customers on held.customer_no = customers.customer_no
)

select * from int_c360__wealth
