{{ config(materialized='table') }}

with decisions as (
    select *
    from {{ ref('int_golden__decision') }}
    where outcome in ('tie_break', 'no_decision')
),

candidates as (
    select * from {{ ref('int_golden__candidate') }}
),

golden_conflict as (
    select
        decisions.golden_id,
        decisions.attribute_group as attribute,
        decisions.outcome,
        cast(decisions.distinct_values as integer) as distinct_values,
        {{ golden_json_list('candidates.record_id', 'true') }} as record_ids
    from decisions
    inner join candidates
        on decisions.golden_id = candidates.golden_id and decisions.attribute_group = candidates.attribute_group
    group by decisions.golden_id, decisions.attribute_group, decisions.outcome, decisions.distinct_values
)

select * from golden_conflict
