{{ config(materialized='view') }}

with observations as (
    select *
    from {{ ref('int_golden__observation') }}
    where origin = 'record'
),

int_golden__customer as (
    select
        golden_id,
        party_type,
        cast(count(*) as integer) as record_count,
        cast(count(distinct source) as integer) as source_count,
        max(observed_at) as updated_at,
        min(source_as_of) as source_freshness
    from observations
    group by golden_id, party_type
)

select * from int_golden__customer
