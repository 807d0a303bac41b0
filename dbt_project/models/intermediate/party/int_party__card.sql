{{ config(materialized='view') }}

with cardholder as (
    select * from {{ ref('stg_card__cardholder') }}
),

int_party__card as (
    select
        'card' as source,
        cardholder_no as source_key,
        'person' as party_type,
        branch_code,
        name,
        cast(null as varchar) as former_name,
        latin_name,
        document_type,
        document_number,
        cast(null as date) as document_expiry,
        birth_date,
        sex,
        cast(null as varchar) as nationality,
        mobile,
        cast(null as varchar) as mobile_second,
        phone,
        cast(null as varchar) as email,
        address,
        employer,
        cast(null as varchar) as occupation,
        cast(null as varchar) as spouse_name,
        cast(null as varchar) as spouse_document_number,
        cast(null as varchar) as registry_number,
        cast(null as varchar) as legal_representative_name,
        cast(null as boolean) as is_verified,
        cast(null as date) as opened_date,
        updated_at,
        concat('card:', cardholder_no) as record_id
    from cardholder
    where cardholder_no is not null
)

select * from int_party__card
