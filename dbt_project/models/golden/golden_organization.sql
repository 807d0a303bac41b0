{{ config(materialized='table', contract={'enforced': true}) }}

with customers as (
    select *
    from {{ ref('int_golden__customer') }}
    where party_type = 'organization'
),

chosen as (
    select *
    from {{ ref('int_golden__chosen') }}
    where party_type = 'organization'
),

survived as (
    select
        golden_id,
        {{ golden_pivot('organization') }}
    from chosen
    group by golden_id
),

golden_organization as (
    select
        customers.golden_id,
        survived.name,
        survived.former_name,
        survived.uscc,
        survived.organization_code,
        survived.registry_number,
        survived.legal_representative_name,
        survived.address,
        survived.province,
        survived.city,
        survived.district,
        survived.phone,
        survived.mobile,
        survived.industry,
        survived.branch_code,
        survived.is_verified,
        survived.opened_date,
        customers.record_count,
        customers.source_count,
        customers.updated_at,
        customers.source_freshness
    from customers
    left join survived on customers.golden_id = survived.golden_id
)

select * from golden_organization
