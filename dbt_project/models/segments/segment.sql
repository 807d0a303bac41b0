{{ config(materialized='view') }}

with segment as (
    {{ golden_segment_rows() }}
)

select * from segment
