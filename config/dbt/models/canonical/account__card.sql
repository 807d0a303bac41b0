with card as (
    select * from {{ ref('stg_card__card') }}
),

account__card as (
    select
        'card' as source,
        card_number as account_number,
        'credit_card' as account_kind,
        product,
        'CNY' as currency,
        opened_date,
        status,
        branch_code,
        {{ record_id('card', 'cardholder_no') }} as record_id
    from card
)

select * from account__card
