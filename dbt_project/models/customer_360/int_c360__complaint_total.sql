{{ config(materialized='table') }}

with complaints as (
    select *
    from {{ ref('contract_interaction') }}
    where interaction_type = 'complaint'
),

xref as (
    select * from {{ ref('golden_xref') }}
),

int_c360__complaint_total as (
    select
        xref.golden_id,
        cast(count(*) as integer) as complaint_count,
        {{ golden_count_where("complaints.status = 'open'") }} as open_complaint_count
    from complaints
    inner join xref on complaints.record_id = xref.record_id
    group by xref.golden_id
)

select * from int_c360__complaint_total
