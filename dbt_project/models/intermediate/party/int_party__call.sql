{{ config(materialized='view') }}

with contact as (
    select * from {{ ref('stg_call__contact') }}
),

int_party__call as (
    select
        'call' as source,
        contact_no as source_key,
        'person' as party_type,
        branch_code,
        name,
        cast(null as varchar) as former_name,
        cast(null as varchar) as latin_name,
        document_type,
        document_number,
        cast(null as date) as document_expiry,
        cast(null as date) as birth_date,
        sex,
        cast(null as varchar) as nationality,
        mobile,
        cast(null as varchar) as mobile_second,
        phone,
        cast(null as varchar) as email,
        address,
        cast(null as varchar) as employer,
        cast(null as varchar) as occupation,
        cast(null as varchar) as spouse_name,
        cast(null as varchar) as spouse_document_number,
        cast(null as varchar) as registry_number,
        cast(null as varchar) as legal_representative_name,
        cast(null as boolean) as is_verified,
        cast(created_at as date) as opened_date,
        updated_at,
        concat('call:', contact_no) as record_id
    from contact
    where contact_no is not null
)

select * from int_party__call
