{{ config(materialized='table') }}

with profile as (
    select * from {{ ref('int_c360__profile') }}
),

accounts as (
    select * from {{ ref('int_c360__account_total') }}
),

transactions as (
    select * from {{ ref('int_c360__transaction_total') }}
),

joined as (
    select
        profile.golden_id,
        cast(coalesce(accounts.deposit_balance, 0) as decimal(18, 2)) as deposit_balance,
        cast(accounts.deposit_balance_before as decimal(18, 2)) as deposit_balance_before,
        cast(coalesce(accounts.wealth_value, 0) as decimal(18, 2)) as wealth_value,
        cast(coalesce(accounts.loan_balance, 0) as decimal(18, 2)) as loan_balance,
        cast(coalesce(accounts.card_balance, 0) as decimal(18, 2)) as card_balance,
        coalesce(accounts.account_count, 0) as account_count,
        coalesce(accounts.active_account_count, 0) as active_account_count,
        coalesce(accounts.class_i_account_count, 0) as class_i_account_count,
        coalesce(accounts.holding_count, 0) as holding_count,
        coalesce(accounts.loan_count, 0) as loan_count,
        coalesce(accounts.overdue_days, 0) as overdue_days,
        coalesce(accounts.card_count, 0) as card_count,
        coalesce(accounts.unconverted_account_count, 0) as unconverted_account_count,
        coalesce(accounts.open_demand_count, 0) > 0 as has_deposit,
        coalesce(accounts.open_time_count, 0) > 0 as has_time_deposit,
        coalesce(
            transactions.last_wage_date > {{ golden_window_start('wage_days') }}, false
        ) as has_wage_credit,
        coalesce(transactions.transaction_count, 0) as transaction_count,
        cast(coalesce(transactions.inflow, 0) as decimal(18, 2)) as inflow,
        cast(coalesce(transactions.outflow, 0) as decimal(18, 2)) as outflow,
        transactions.last_transaction_date
    from profile
    left join accounts on profile.golden_id = accounts.golden_id
    left join transactions on profile.golden_id = transactions.golden_id
),

-- assets under management leave loans out; people see one figure for what the bank holds for them
int_c360__money as (
    select
        *,
        cast(deposit_balance + wealth_value as decimal(18, 2)) as aum
    from joined
)

select * from int_c360__money
