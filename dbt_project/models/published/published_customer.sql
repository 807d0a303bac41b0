{{ config(materialized='table', contract={'enforced': true}) }}

with people as (
    select * from {{ ref('golden_person') }}
),

organizations as (
    select * from {{ ref('golden_organization') }}
),

-- an organization is known by its credit code, an old one by its registration number
identified as (
    select
        *,
        coalesce(uscc, registry_number) as document_number,
        case when uscc is not null then 'uscc' when registry_number is not null then 'registry_number' end
            as document_type
    from organizations
),

masked_person as (
    select
        {{ mask_column('customer', 'golden_id', 'people.golden_id') }},
        {{ mask_column('customer', 'party_type', "'person'") }},
        {{ mask_column('customer', 'name', 'people.name') }},
        {{ mask_column('customer', 'document_type', 'people.document_type') }},
        {{ mask_column('customer', 'document_number', 'people.document_number') }},
        {{ mask_column('customer', 'document_is_valid', 'people.document_is_valid') }},
        {{ mask_column('customer', 'document_expiry_year', 'people.document_expiry') }},
        {{ mask_column('customer', 'birth_decade', 'people.birth_date') }},
        {{ mask_column('customer', 'sex', 'people.sex') }},
        {{ mask_column('customer', 'nationality', 'people.nationality') }},
        {{ mask_column('customer', 'mobile', 'people.mobile') }},
        {{ mask_column('customer', 'phone', 'people.phone') }},
        {{ mask_column('customer', 'email', 'people.email') }},
        {{ mask_column('customer', 'province', 'people.province') }},
        {{ mask_column('customer', 'city', 'people.city') }},
        {{ mask_column('customer', 'district', 'people.district') }},
        {{ mask_column('customer', 'address', 'people.address') }},
        {{ mask_column('customer', 'employer', 'people.employer') }},
        {{ mask_column('customer', 'occupation', 'people.occupation') }},
        {{ mask_column('customer', 'industry', 'cast(null as varchar)') }},
        {{ mask_column('customer', 'legal_representative_name', 'cast(null as varchar)') }},
        {{ mask_column('customer', 'is_verified', 'people.is_verified') }},
        {{ mask_column('customer', 'opened_date', 'people.opened_date') }},
        {{ mask_column('customer', 'record_count', 'people.record_count') }},
        {{ mask_column('customer', 'source_count', 'people.source_count') }},
        {{ mask_column('customer', 'branch_code', 'people.branch_code') }},
        {{ mask_column('customer', 'as_of', business_day()) }},
        {{ mask_column('customer', 'run_id', published_run_id()) }},
        {{ mask_column('customer', 'source_freshness', 'people.source_freshness') }}
    from people
),

masked_organization as (
    select
        {{ mask_column('customer', 'golden_id', 'identified.golden_id', 'organization') }},
        {{ mask_column('customer', 'party_type', "'organization'", 'organization') }},
        {{ mask_column('customer', 'name', 'identified.name', 'organization') }},
        {{ mask_column('customer', 'document_type', 'identified.document_type', 'organization') }},
        {{ mask_column('customer', 'document_number', 'identified.document_number', 'organization') }},
        {{ mask_column('customer', 'document_is_valid', 'cast(null as boolean)', 'organization') }},
        {{ mask_column('customer', 'document_expiry_year', 'cast(null as date)', 'organization') }},
        {{ mask_column('customer', 'birth_decade', 'cast(null as date)', 'organization') }},
        {{ mask_column('customer', 'sex', 'cast(null as varchar)', 'organization') }},
        {{ mask_column('customer', 'nationality', 'cast(null as varchar)', 'organization') }},
        {{ mask_column('customer', 'mobile', 'identified.mobile', 'organization') }},
        {{ mask_column('customer', 'phone', 'identified.phone', 'organization') }},
        {{ mask_column('customer', 'email', 'cast(null as varchar)', 'organization') }},
        {{ mask_column('customer', 'province', 'identified.province', 'organization') }},
        {{ mask_column('customer', 'city', 'identified.city', 'organization') }},
        {{ mask_column('customer', 'district', 'identified.district', 'organization') }},
        {{ mask_column('customer', 'address', 'identified.address', 'organization') }},
        {{ mask_column('customer', 'employer', 'cast(null as varchar)', 'organization') }},
        {{ mask_column('customer', 'occupation', 'cast(null as varchar)', 'organization') }},
        {{ mask_column('customer', 'industry', 'identified.industry', 'organization') }},
        {{ mask_column(
            'customer', 'legal_representative_name', 'identified.legal_representative_name', 'organization'
        ) }},
        {{ mask_column('customer', 'is_verified', 'identified.is_verified', 'organization') }},
        {{ mask_column('customer', 'opened_date', 'identified.opened_date', 'organization') }},
        {{ mask_column('customer', 'record_count', 'identified.record_count', 'organization') }},
        {{ mask_column('customer', 'source_count', 'identified.source_count', 'organization') }},
        {{ mask_column('customer', 'branch_code', 'identified.branch_code', 'organization') }},
        {{ mask_column('customer', 'as_of', business_day()) }},
        {{ mask_column('customer', 'run_id', published_run_id()) }},
        {{ mask_column('customer', 'source_freshness', 'identified.source_freshness', 'organization') }}
    from identified
),

published_customer as (
    select * from masked_person
    union all
    select * from masked_organization
)

select * from published_customer
