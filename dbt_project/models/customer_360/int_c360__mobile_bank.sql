{{ config(materialized='table') }}

with users as (
    select * from {{ ref('stg_ebank__user') }}
),

xref as (
    select *
    from {{ ref('golden_xref') }}
    where source = 'ebank'
),

int_c360__mobile_bank as (
    select distinct xref.golden_id
    from users
    inner join xref on users.user_no = xref.source_key
    where coalesce(users.status, 'active') = 'active'
)

select * from int_c360__mobile_bank
