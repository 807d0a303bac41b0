{{ config(materialized='table', contract={'enforced': true}) }}

with xref as (
    select * from {{ ref('golden_xref') }}
),

freshness as (
    select * from {{ ref('int_c360__source_freshness') }}
),

contacts as (
    select
        *,
        source || ':' || interaction_key as interaction_id
    from {{ ref('contract_interaction') }}
),

c360_interaction as (
    select
        contacts.interaction_id,
        xref.golden_id,
        contacts.channel,
        contacts.interaction_type,
        contacts.occurred_at,
        contacts.source,
        contacts.branch_code,
        freshness.source_freshness
    from contacts
    inner join xref on contacts.record_id = xref.record_id
    left join freshness on contacts.source = freshness.source
    where cast(contacts.occurred_at as date) <= {{ business_day() }}
)

select * from c360_interaction
