{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['golden_id', 'segment_code', 'valid_from'],
        on_schema_change='fail',
        full_refresh=false,
        pre_hook=["{{ golden_take_back(this) }}", "{{ golden_open_again(this) }}"]
    )
}}

with customers as (
    select * from {{ ref('customer_360') }}
),

today as (
    {{ golden_segment_members('customers') }}
),

open_memberships as (
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
        open_memberships.golden_id,
        open_memberships.segment_code,
        open_memberships.valid_from,
        {{ business_day() }} as valid_to
    from open_memberships
    left join today
        on open_memberships.golden_id = today.golden_id and open_memberships.segment_code = today.segment_code
    where today.golden_id is null
),

opened as (
    select
        today.golden_id,
        today.segment_code,
        {{ business_day() }} as valid_from,
        cast(null as date) as valid_to
    from today
    left join open_memberships
        on today.golden_id = open_memberships.golden_id and today.segment_code = open_memberships.segment_code
    where open_memberships.golden_id is null
),

segment_history as (
    select * from closed
    union all
    select * from opened
)

select * from segment_history
