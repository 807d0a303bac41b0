with daily_balance as (
    select * from {{ ref('stg_core__daily_balance') }}
),

balance__core as (
    select
        'core' as source,
        account_no as account_number,
        balance_date,
        balance
    from daily_balance
)

select * from balance__core
