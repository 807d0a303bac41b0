{{ config(materialized='table') }}

with complaints as (
    select * from {{ ref('stg_call__complaint') }}
),

xref as (
    select *
    from {{ ref('golden_xref') }}
    where source = 'call'
),

int_c360__complaint_total as (
    select
        xref.golden_id,
        cast(count(*) as integer) as complaint_count,
        {{ golden_count_where("complaints.status = 'open'") }} as open_complaint_count
    from complaints
    inner join xref on complaints.contact_no = xref.source_key
    group by xref.golden_id
)

select * from int_c360__complaint_total
