{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['golden_id', 'valid_from'],
        on_schema_change='fail',
        full_refresh=false,
        pre_hook=["{{ golden_take_back(this) }}", "{{ golden_open_again(this) }}"]
    )
}}

with persons as (
    select * from {{ ref('golden_person') }}
),

organizations as (
    select * from {{ ref('golden_organization') }}
),

today as (
    select
        golden_id,
        'person' as party_type,
        {{ golden_attribute_hash('person') }} as attribute_hash
    from persons
    union all
    select
        golden_id,
        'organization' as party_type,
        {{ golden_attribute_hash('organization') }} as attribute_hash
    from organizations
),

open_versions as (
    {% if is_incremental() %}
        select *
        from {{ this }}
        where valid_to is null
    {% else %}
        select
            *,
            {{ business_day() }} as valid_from
        from today
        where false
    {% endif %}
),

closed as (
    select
        open_versions.golden_id,
        open_versions.party_type,
        open_versions.attribute_hash,
        open_versions.valid_from,
        {{ business_day() }} as valid_to
    from open_versions
    left join today on open_versions.golden_id = today.golden_id
    where today.attribute_hash is null or today.attribute_hash <> open_versions.attribute_hash
),

opened as (
    select
        today.golden_id,
        today.party_type,
        today.attribute_hash,
        {{ business_day() }} as valid_from,
        cast(null as date) as valid_to
    from today
    left join open_versions on today.golden_id = open_versions.golden_id
    where open_versions.attribute_hash is null or today.attribute_hash <> open_versions.attribute_hash
),

golden_history as (
    select * from closed
    union all
    select * from opened
)

select * from golden_history
