with statement as (
    select * from {{ ref('stg_card__statement') }}
),

balance__card as (
    select
        'card' as source,
        card_number as account_number,
        statement_date as balance_date,
        balance
    from statement
)

select * from balance__card
