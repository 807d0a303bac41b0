{{ config(materialized='table') }}

with identities as (
    select * from {{ ref('int_party__identity') }}
),

records as (
    select * from {{ ref('int_party__record') }}
),

golden_xref as (
    select
        records.record_id,
        records.source,
        records.source_key,
        identities.golden_id,
        records.party_type,
        records.branch_code,
        identities.valid_from,
        records.source_as_of as source_freshness
    from identities
    inner join records on identities.record_id = records.record_id
)

select * from golden_xref
