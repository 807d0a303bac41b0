{{ config(materialized='view') }}

with source_status as (
    select * from {{ source('landing', 'source_status') }}
),

int_c360__source_freshness as (
    select
        source,
        max(data_as_of) as source_freshness
    from source_status
    where as_of <= {{ business_day() }}
    group by source
)

select * from int_c360__source_freshness
