with bank_transaction as (
    select * from {{ ref('stg_core__transaction') }}
),

transaction__core as (
    select
        'core' as source,
        transaction_id,
        account_no as account_number,
        occurred_at,
        amount,
        direction,
        transaction_type
    from bank_transaction
)

select * from transaction__core
