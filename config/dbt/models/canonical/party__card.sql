with cardholder as (
    select * from {{ ref('stg_card__cardholder') }}
),

party__card as (
    select
        'card' as source,
        cardholder_no as source_key,
        'person' as party_type,
        branch_code,
        name,
        latin_name,
        document_type,
        document_number,
        birth_date,
        sex,
        mobile,
        phone,
        address,
        employer,
        updated_at
    from cardholder
)

select * from party__card
