{{ config(materialized='table', contract={'enforced': true}) }}

with members as (
    select * from {{ ref('segment_member') }}
),

profile as (
    select * from {{ ref('customer_360') }}
),

published_segment_member as (
    select
        {{ mask_column('segment_member', 'golden_id', 'members.golden_id') }},
        {{ mask_column('segment_member', 'segment_code', 'members.segment_code') }},
        {{ mask_column('segment_member', 'since', 'members.since') }},
        {{ mask_column('segment_member', 'branch_code', 'profile.branch_code') }},
        {{ mask_column('segment_member', 'as_of', business_day()) }},
        {{ mask_column('segment_member', 'run_id', published_run_id()) }},
        {{ mask_column('segment_member', 'source_freshness', 'profile.source_freshness') }}
    from members
    inner join profile on members.golden_id = profile.golden_id
)

select * from published_segment_member
