{{ config(materialized='table') }}

with holdings as (
    select * from {{ ref('contract_holding') }}
),

int_c360__holding_account as (
    select
        account_number,
        source,
        record_id,
        'CNY' as currency,
        cast(null as decimal(18, 2)) as balance_before,
        bought_date as opened_date,
        cast(null as varchar) as account_class,
        branch_code,
        'active' as status,
        'wealth' as account_kind,
        product_code as product,
        0 as overdue_days,
        coalesce(market_value, 0) as balance,
        source || ':' || account_number as account_key
    from holdings
)

select * from int_c360__holding_account
