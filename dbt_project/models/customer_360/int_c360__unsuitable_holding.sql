{{ config(materialized='table') }}

with accounts as (
    select *
    from {{ ref('int_c360__account') }}
    where account_kind = 'wealth'
),

products as (
    select * from {{ ref('contract_product') }}
),

suitability as (
    select * from {{ ref('int_c360__suitability') }}
),

-- match iff C >= R: C1…C5 and R1…R5 compare by their digit
int_c360__unsuitable_holding as (
    select
        accounts.golden_id,
        cast(count(*) as integer) as unsuitable_holding_count
    from accounts
    inner join products on accounts.source = products.source and accounts.product = products.product_code
    inner join suitability on accounts.golden_id = suitability.golden_id
    where substr(products.risk_level, 2, 1) > substr(suitability.risk_level, 2, 1)
    group by accounts.golden_id
)

select * from int_c360__unsuitable_holding
