{{ config(materialized='table', contract={'enforced': true}) }}

with accounts as (
    select * from {{ ref('c360_account') }}
),

published_account as (
    select
        {{ mask_column('account', 'account_id', 'accounts.account_key') }},
        {{ mask_column('account', 'golden_id', 'accounts.golden_id') }},
        {{ mask_column('account', 'account_kind', 'accounts.account_kind') }},
        {{ mask_column('account', 'account_number', 'accounts.account_number') }},
        {{ mask_column('account', 'product', 'accounts.product') }},
        {{ mask_column('account', 'currency', 'accounts.currency') }},
        {{ mask_column('account', 'balance', 'accounts.balance') }},
        {{ mask_column('account', 'opened_date', 'accounts.opened_date') }},
        {{ mask_column('account', 'status', 'accounts.status') }},
        {{ mask_column('account', 'source', 'accounts.source') }},
        {{ mask_column('account', 'branch_code', 'accounts.branch_code') }},
        {{ mask_column('account', 'as_of', business_day()) }},
        {{ mask_column('account', 'run_id', published_run_id()) }},
        {{ mask_column('account', 'source_freshness', 'accounts.source_freshness') }}
    from accounts
)

select * from published_account
