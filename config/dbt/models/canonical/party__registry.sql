with organization as (
    select * from {{ ref('stg_registry__organization') }}
),

party__registry as (
    select
        'registry' as source,
        uscc as source_key,
        'organization' as party_type,
        name,
        former_name,
        'uscc' as document_type,
        uscc as document_number,
        phone,
        address,
        registry_number,
        legal_representative_name,
        industry,
        cast(null as timestamp) as updated_at
    from organization
)

select * from party__registry
