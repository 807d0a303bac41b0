{{ config(materialized='table') }}

with decisions as (
    select *
    from {{ ref('int_golden__decision') }}
    where outcome <> 'no_decision'
),

observations as (
    select * from {{ ref('int_golden__observation') }}
),

attributes as (
    select
        declared.party_type,
        declared.attribute_group,
        declared.attribute
    from (
        values
        {{ golden_attribute_rows() }}
    ) as declared (party_type, attribute_group, attribute)
),

golden_provenance as (
    select
        decisions.golden_id,
        attributes.attribute,
        decisions.record_id,
        decisions.source,
        decisions.rule,
        cast(decisions.candidate_count as integer) as candidate_count,
        cast(decisions.loser_count as integer) as loser_count,
        decisions.losers
    from decisions
    inner join observations on decisions.observation_id = observations.observation_id
    inner join attributes
        on decisions.party_type = attributes.party_type and decisions.attribute_group = attributes.attribute_group
    where {{ golden_is_filled('attributes.attribute', 'observations') }}
)

select * from golden_provenance
