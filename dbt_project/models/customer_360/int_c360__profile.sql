{{ config(materialized='table') }}

with persons as (
    select * from {{ ref('golden_person') }}
),

organizations as (
    select * from {{ ref('golden_organization') }}
),

int_c360__profile as (
    select
        golden_id,
        'person' as party_type,
        branch_code,
        opened_date,
        {{ golden_full_years('birth_date', business_day()) }} as age,
        {{ golden_days(business_day(), 'document_expiry') }} as document_days_left,
        record_count,
        source_count,
        source_freshness
    from persons
    union all
    select
        golden_id,
        'organization' as party_type,
        branch_code,
        opened_date,
        cast(null as integer) as age,
        cast(null as integer) as document_days_left,
        record_count,
        source_count,
        source_freshness
    from organizations
)

select * from int_c360__profile
