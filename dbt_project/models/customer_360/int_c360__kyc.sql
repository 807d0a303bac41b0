{{ config(materialized='table') }}

with persons as (
    select * from {{ ref('golden_person') }}
),

-- the nine basic elements of a person's identity (九要素): an element counts when it is there and valid
elements as (
    select
        golden_id,
        name is not null and name not like '%?%' as has_name,
        sex is not null as has_sex,
        nationality is not null as has_nationality,
        occupation is not null as has_occupation,
        address is not null or employer is not null as has_address,
        mobile is not null or phone is not null or email is not null as has_contact,
        document_type is not null as has_document_type,
        document_number is not null and document_is_valid as has_document_number,
        coalesce(document_expiry >= {{ business_day() }}, false) as has_document_expiry
    from persons
),

int_c360__kyc as (
    select
        golden_id,
        {{ golden_kyc_count() }} as kyc_filled_count,
        {{ golden_kyc_missing() }} as kyc_missing
    from elements
)

select * from int_c360__kyc
