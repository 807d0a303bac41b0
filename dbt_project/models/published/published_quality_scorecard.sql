{{ config(materialized='table', contract={'enforced': true}) }}

-- the step `gate_golden` measures the records before the published models are built; dbt's lineage shall show it
-- depends_on: {{ ref('int_party__record') }}

with scores as (
    select * from {{ source('quality', 'quality_scorecard') }}
),

published_quality_scorecard as (
    select
        {{ mask_column('quality_scorecard', 'source', 'source') }},
        {{ mask_column('quality_scorecard', 'dimension', 'dimension') }},
        {{ mask_column('quality_scorecard', 'element', 'element') }},
        {{ mask_column('quality_scorecard', 'numerator', 'numerator') }},
        {{ mask_column('quality_scorecard', 'denominator', 'denominator') }},
        {{ mask_column('quality_scorecard', 'score', 'score') }},
        {{ mask_column('quality_scorecard', 'branch_code', 'branch_code') }},
        {{ mask_column('quality_scorecard', 'as_of', 'as_of') }},
        {{ mask_column('quality_scorecard', 'run_id', 'run_id') }},
        {{ mask_column('quality_scorecard', 'source_freshness', 'source_freshness') }}
    from scores
)

select * from published_quality_scorecard
