{{ config(materialized='view') }}

with organization as (
    select * from {{ ref('stg_registry__organization') }}
),

int_party__registry as (
    select
        'registry' as source,
        uscc as source_key,
        'organization' as party_type,
        cast(null as varchar) as branch_code,
        name,
        former_name,
        cast(null as varchar) as latin_name,
        'uscc' as document_type,
        uscc as document_number,
        cast(null as date) as document_expiry,
        cast(null as date) as birth_date,
        cast(null as varchar) as sex,
        cast(null as varchar) as nationality,
        cast(null as varchar) as mobile,
        cast(null as varchar) as mobile_second,
        phone,
        cast(null as varchar) as email,
        address,
        cast(null as varchar) as employer,
        cast(null as varchar) as occupation,
        cast(null as varchar) as spouse_name,
        cast(null as varchar) as spouse_document_number,
        registry_number,
        legal_representative_name,
        cast(null as boolean) as is_verified,
        cast(null as date) as opened_date,
        cast(null as timestamp) as updated_at,
        concat('registry:', uscc) as record_id
    from organization
    where uscc is not null
)

select * from int_party__registry
