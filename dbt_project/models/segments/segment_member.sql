{{ config(materialized='view', contract={'enforced': true}) }}

with memberships as (
    select * from {{ ref('segment_history') }}
),

segment_member as (
    select
        golden_id,
        segment_code,
        valid_from as since
    from memberships
    where valid_to is null
)

select * from segment_member
