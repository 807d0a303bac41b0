{{ config(materialized='table', contract={'enforced': true}) }}

with identity_event as (
    select * from {{ source('matching', 'identity_event') }}
),

identity_lineage as (
    select * from {{ source('matching', 'identity_lineage') }}
),

profile as (
    select * from {{ ref('customer_360') }}
),

-- a number that never ended stands for itself since the day it was given
lasting as (
    select
        identity_event.golden_id,
        min(identity_event.as_of) as valid_from
    from identity_event
    left join identity_lineage on identity_event.golden_id = identity_lineage.golden_id
    where identity_event.kind = 'mint' and identity_lineage.golden_id is null
    group by identity_event.golden_id
),

every_span as (
    select
        golden_id,
        valid_from,
        valid_to,
        status,
        stands_for
    from identity_lineage
    union all
    select
        golden_id,
        valid_from,
        cast(null as date) as valid_to,
        'active' as status,
        golden_id as stands_for
    from lasting
),

-- who may see a row follows the customer the number stood for
span as (
    select
        every_span.*,
        profile.branch_code,
        coalesce(profile.source_freshness, {{ business_day() }}) as source_freshness
    from every_span
    left join profile on every_span.stands_for = profile.golden_id
),

published_customer_id_history as (
    select
        {{ mask_column('customer_id_history', 'golden_id', 'span.golden_id') }},
        {{ mask_column('customer_id_history', 'valid_from', 'span.valid_from') }},
        {{ mask_column('customer_id_history', 'valid_to', 'span.valid_to') }},
        {{ mask_column('customer_id_history', 'status', 'span.status') }},
        {{ mask_column('customer_id_history', 'stands_for', 'span.stands_for') }},
        {{ mask_column('customer_id_history', 'branch_code', 'span.branch_code') }},
        {{ mask_column('customer_id_history', 'as_of', business_day()) }},
        {{ mask_column('customer_id_history', 'run_id', published_run_id()) }},
        {{ mask_column('customer_id_history', 'source_freshness', 'span.source_freshness') }}
    from span
)

select * from published_customer_id_history
