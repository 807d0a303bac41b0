{{ config(materialized='view', contract={'enforced': true}) }}

with accounts as (
    select * from {{ ref('int_c360__account') }}
),

c360_account as (
    select
        account_key,
        account_kind,
        account_number,
        golden_id,
        product,
        currency,
        balance,
        opened_date,
        status,
        branch_code,
        source,
        source_freshness
    from accounts
)

select * from c360_account
