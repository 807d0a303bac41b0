{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('contract_account') }}
),

balances as (
    select * from {{ ref('int_c360__account_balance') }}
),

int_c360__ledger_account as (
    select
        accounts.account_number,
        accounts.source,
        accounts.record_id,
        accounts.currency,
        balances.balance_before,
        accounts.opened_date,
        accounts.account_class,
        accounts.branch_code,
        accounts.status,
        accounts.account_kind,
        accounts.product,
        coalesce(accounts.overdue_days, 0) as overdue_days,
        coalesce(balances.balance, accounts.balance, 0) as balance,
        accounts.source || ':' || accounts.account_number as account_key
    from accounts
    left join balances
        on accounts.source = balances.source and accounts.account_number = balances.account_number
)

select * from int_c360__ledger_account
