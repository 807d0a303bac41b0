{{ config(materialized='table') }}

with xref as (
    select * from {{ ref('golden_xref') }}
),

freshness as (
    select * from {{ ref('int_c360__source_freshness') }}
),

-- the two have their columns in the same order
accounts as (
    select * from {{ ref('int_c360__ledger_account') }}
    union all
    select * from {{ ref('int_c360__holding_account') }}
),

rated as (
    select
        accounts.*,
        {{ golden_exchange_rate('accounts.currency') }} as exchange_rate
    from accounts
),

int_c360__account as (
    select
        rated.account_key,
        rated.account_kind,
        rated.account_number,
        xref.golden_id,
        rated.product,
        rated.currency,
        cast(rated.balance as decimal(18, 2)) as balance,
        rated.opened_date,
        rated.status,
        rated.account_class,
        cast(rated.overdue_days as integer) as overdue_days,
        rated.branch_code,
        rated.source,
        freshness.source_freshness,
        cast(rated.balance * rated.exchange_rate as decimal(18, 2)) as balance_cny,
        cast(rated.balance_before * rated.exchange_rate as decimal(18, 2)) as balance_before_cny,
        coalesce(rated.status, '') <> 'closed' as is_open
    from rated
    inner join xref on rated.record_id = xref.record_id
    left join freshness on rated.source = freshness.source
)

select * from int_c360__account
