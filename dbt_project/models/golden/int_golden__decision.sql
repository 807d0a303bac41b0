{{ config(materialized='table') }}

with candidates as (
    select * from {{ ref('int_golden__candidate') }}
),

rules as (
    select * from {{ ref('int_golden__rule') }}
),

winners as (
    select *
    from candidates
    where place = 1
),

tallies as (
    select
        golden_id,
        attribute_group,
        count(*) as candidate_count,
        count(distinct candidate_value) as distinct_values,
        count(distinct case when is_other_value then record_id end) as loser_count,
        min(case when is_other_value then place end) as challenger_place,
        {{ golden_json_list('record_id', 'is_other_value') }} as losers
    from candidates
    group by golden_id, attribute_group
),

-- the strategy that decided is the first that ranks the winner and the best candidate with another value differently
decided as (
    select
        winners.golden_id,
        winners.attribute_group,
        winners.party_type,
        winners.observation_id,
        winners.record_id,
        winners.source,
        tallies.candidate_count,
        tallies.distinct_values,
        tallies.loser_count,
        tallies.losers,
        case
            when challengers.observation_id is null then 0
            else {{ golden_first_difference('winners', 'challengers') }}
        end as rank_number
    from winners
    inner join tallies
        on winners.golden_id = tallies.golden_id and winners.attribute_group = tallies.attribute_group
    left join candidates as challengers
        on
            winners.golden_id = challengers.golden_id
            and winners.attribute_group = challengers.attribute_group
            and tallies.challenger_place = challengers.place
),

int_golden__decision as (
    select
        decided.golden_id,
        decided.attribute_group,
        decided.party_type,
        decided.observation_id,
        decided.record_id,
        decided.source,
        rules.strategy as rule,
        rules.outcome,
        decided.candidate_count,
        decided.distinct_values,
        decided.loser_count,
        decided.losers
    from decided
    inner join rules
        on
            decided.party_type = rules.party_type
            and decided.attribute_group = rules.attribute_group
            and decided.rank_number = rules.rank_number
)

select * from int_golden__decision
