{{ config(materialized='table') }}

with transactions as (
    select *
    from {{ ref('contract_transaction') }}
    where cast(occurred_at as date) <= {{ business_day() }}
),

accounts as (
    select * from {{ ref('contract_account') }}
),

xref as (
    select * from {{ ref('golden_xref') }}
),

attributed as (
    select
        xref.golden_id,
        cast(transactions.occurred_at as date) as occurred_date,
        transactions.direction,
        transactions.transaction_type,
        transactions.amount * {{ golden_exchange_rate('accounts.currency') }} as amount_cny,
        {{ golden_is_activity('transactions.transaction_type') }} as is_activity
    from transactions
    inner join accounts
        on transactions.source = accounts.source and transactions.account_number = accounts.account_number
    inner join xref on accounts.record_id = xref.record_id
),

int_c360__transaction_total as (
    select
        golden_id,
        max(case when is_activity then occurred_date end) as last_transaction_date,
        max(case when transaction_type = 'wage' and direction = 'in' then occurred_date end) as last_wage_date,
        {{ golden_count_where(
            'is_activity and occurred_date > ' ~ golden_window_start('activity_days')
        ) }} as transaction_count,
        {{ golden_flow('in') }} as inflow,
        {{ golden_flow('out') }} as outflow
    from attributed
    group by golden_id
)

select * from int_c360__transaction_total
