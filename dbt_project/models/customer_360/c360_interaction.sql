{{ config(materialized='table', contract={'enforced': true}) }}

with xref as (
    select * from {{ ref('golden_xref') }}
),

freshness as (
    select * from {{ ref('int_c360__source_freshness') }}
),

-- the three have their columns in the same order: what is taken as it is, then what is computed
contacts as (
    select * from {{ ref('int_c360__call') }}
    union all
    select * from {{ ref('int_c360__counter') }}
    union all
    select * from {{ ref('int_c360__digital') }}
),

c360_interaction as (
    select
        contacts.interaction_id,
        xref.golden_id,
        contacts.channel,
        contacts.interaction_type,
        contacts.occurred_at,
        contacts.source,
        contacts.note_id,
        contacts.branch_code,
        freshness.source_freshness
    from contacts
    inner join xref on contacts.record_id = xref.record_id
    left join freshness on contacts.source = freshness.source
    where cast(contacts.occurred_at as date) <= {{ business_day() }}
)

select * from c360_interaction
