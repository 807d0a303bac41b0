{{ config(materialized='table') }}

with code_use as (
    select * from {{ ref('contract_code_use') }}
),

code_map as (
    select * from {{ ref('ref_code_map') }}
),

int_reference__unmapped_code as (
    select
        code_use.source,
        code_use.code_set,
        code_use.source_code,
        cast(sum(code_use.rows) as bigint) as rows
    from code_use
    left join code_map
        on
            code_use.source = code_map.source
            and code_use.code_set = code_map.code_set
            and code_use.source_code = code_map.source_code
    where code_map.code is null or code_map.code = 'UNMAPPED'
    group by code_use.source, code_use.code_set, code_use.source_code
)

select * from int_reference__unmapped_code
order by source, code_set, source_code
