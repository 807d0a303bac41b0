{{ config(materialized='table') }}

with notes as (
    select * from {{ ref('stg_call__note') }}
),

complaints as (
    select * from {{ ref('stg_call__complaint') }}
),

int_c360__call as (
    select
        'call' as channel,
        'note' as interaction_type,
        occurred_at,
        'call' as source,
        note_id,
        branch_code,
        'call:note:' || note_id as interaction_id,
        'call:' || contact_no as record_id
    from notes
    union all
    select
        'call' as channel,
        'complaint' as interaction_type,
        opened_at as occurred_at,
        'call' as source,
        cast(null as varchar) as note_id,
        branch_code,
        'call:complaint:' || complaint_id as interaction_id,
        'call:' || contact_no as record_id
    from complaints
)

select * from int_c360__call
