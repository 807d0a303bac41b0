{{ config(materialized='table') }}

with cards as (
    select * from {{ ref('stg_card__card') }}
),

statements as (
    select *
    from {{ ref('stg_card__statement') }}
    where statement_date <= {{ business_day() }}
),

latest as (
    select
        card_number,
        {{ golden_latest('balance', 'statement_date') }} as balance
    from statements
    group by card_number
),

int_c360__credit_card as (
    select
        cards.card_number as account_number,
        'card' as source,
        'CNY' as currency,
        cast(null as decimal(18, 2)) as balance_before,
        cards.opened_date,
        cast(null as varchar) as account_class,
        cards.branch_code,
        cards.status,
        0 as overdue_days,
        'credit_card' as account_kind,
        cards.product,
        coalesce(latest.balance, 0) as balance,
        'card:' || cards.card_number as account_key,
        'card:' || cards.cardholder_no as record_id
    from cards
    left join latest on cards.card_number = latest.card_number
)

select * from int_c360__credit_card
