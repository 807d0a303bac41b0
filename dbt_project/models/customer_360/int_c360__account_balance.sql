{{ config(materialized='table') }}

with balances as (
    select *
    from {{ ref('contract_balance') }}
    where balance_date <= {{ business_day() }}
),

transactions as (
    select
        *,
        cast(occurred_at as date) as occurred_date,
        case direction when 'in' then amount when 'out' then -amount end as signed_amount
    from {{ ref('contract_transaction') }}
    where cast(occurred_at as date) <= {{ business_day() }}
),

stating_sources as (
    select distinct source
    from balances
),

stated as (
    select
        source,
        account_number,
        {{ golden_latest('balance', 'balance_date') }} as balance
    from balances
    group by source, account_number
),

stated_before as (
    select
        source,
        account_number,
        {{ golden_latest('balance', 'balance_date') }} as balance
    from balances
    where balance_date <= {{ golden_window_start('comparison_days') }}
    group by source, account_number
),

-- a sum with a transaction of unknown direction in it would be wrong without a word: it is unknown
summed as (
    select
        transactions.source,
        transactions.account_number,
        case when count(*) = count(transactions.signed_amount) then sum(transactions.signed_amount) end as balance,
        {{ golden_sum_before('transactions.signed_amount', 'transactions.occurred_date') }} as balance_before
    from transactions
    left join stating_sources on transactions.source = stating_sources.source
    where stating_sources.source is null
    group by transactions.source, transactions.account_number
),

int_c360__account_balance as (
    select
        stated.source,
        stated.account_number,
        stated.balance,
        stated_before.balance as balance_before
    from stated
    left join stated_before
        on stated.source = stated_before.source and stated.account_number = stated_before.account_number
    union all
    select
        source,
        account_number,
        cast(balance as decimal(18, 2)) as balance,
        cast(balance_before as decimal(18, 2)) as balance_before
    from summed
)

select * from int_c360__account_balance
