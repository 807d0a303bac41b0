{{ config(materialized='table') }}

with observations as (
    select * from {{ ref('int_golden__observation') }}
),

ranked as (
    {{ golden_candidates('observations') }}
),

int_golden__candidate as (
    select
        ranked.*,
        row_number() over best_first as place,
        ranked.candidate_value <> first_value(ranked.candidate_value) over best_first as is_other_value
    from ranked
    window best_first as (partition by golden_id, attribute_group order by {{ golden_rank_order() }})
)

select * from int_golden__candidate
