{{ config(materialized='view') }}

with int_golden__rule as (
    select
        declared.party_type,
        declared.attribute_group,
        declared.rank_number,
        declared.strategy,
        declared.outcome
    from (
        values
        {{ golden_rules() }}
    ) as declared (party_type, attribute_group, rank_number, strategy, outcome)
)

select * from int_golden__rule
