with raw_card as (
    select *
    from {{ source('card', 'card') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'card'
),

stg_card__card as (
    select
        {{ clean_code('raw_card.card_no') }} as card_number,
        {{ clean_code('raw_card.ch_no') }} as cardholder_no,
        {{ clean_code('raw_card.product') }} as product,
        {{ implied_decimal('raw_card.credit_limit') }} as credit_limit,
        {{ to_date('raw_card.open_dt') }} as opened_date,
        {{ mapped_code('raw_card.status', 'card_status_map.code') }} as status,
        {{ clean_code('raw_card.branch_no') }} as branch_code,
        raw_card._source_file,
        raw_card._row_number,
        raw_card._as_of,
        raw_card._delivery
    from raw_card
    left join code_map as card_status_map
        on
            card_status_map.code_set = 'card_status'
            and {{ clean_code('raw_card.status') }} = card_status_map.source_code
)

select * from stg_card__card
