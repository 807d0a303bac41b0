{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('stg_core__account') }}
),

balances as (
    select *
    from {{ ref('stg_core__daily_balance') }}
    where balance_date <= {{ business_day() }}
),

latest as (
    select
        account_no,
        {{ golden_latest('balance', 'balance_date') }} as balance
    from balances
    group by account_no
),

before as (
    select
        account_no,
        {{ golden_latest('balance', 'balance_date') }} as balance
    from balances
    where balance_date <= {{ golden_window_start('comparison_days') }}
    group by account_no
),

int_c360__deposit as (
    select
        accounts.account_no as account_number,
        'core' as source,
        accounts.currency,
        before.balance as balance_before,
        accounts.opened_date,
        accounts.account_class,
        accounts.branch_code,
        accounts.status,
        0 as overdue_days,
        case when accounts.account_kind = 'time' then 'time_deposit' else 'deposit' end as account_kind,
        case
            when accounts.account_class is null then accounts.account_kind
            else accounts.account_kind || ' class ' || accounts.account_class
        end as product,
        coalesce(latest.balance, 0) as balance,
        'core:' || accounts.account_no as account_key,
        'core:' || accounts.customer_no as record_id
    from accounts
    left join latest on accounts.account_no = latest.account_no
    left join before on accounts.account_no = before.account_no
)

select * from int_c360__deposit
