{{ config(materialized='table') }}

with enrolments as (
    select * from {{ ref('contract_channel_enrolment') }}
),

xref as (
    select * from {{ ref('golden_xref') }}
),

int_c360__mobile_bank as (
    select distinct xref.golden_id
    from enrolments
    inner join xref on enrolments.record_id = xref.record_id
    where coalesce(enrolments.status, 'active') = 'active'
)

select * from int_c360__mobile_bank
