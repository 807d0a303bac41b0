with note as (
    select * from {{ ref('stg_call__note') }}
),

complaint as (
    select * from {{ ref('stg_call__complaint') }}
),

interaction__call as (
    select
        'call' as source,
        'call' as channel,
        'note' as interaction_type,
        occurred_at,
        cast(null as varchar) as status,
        note_text,
        branch_code,
        'note:' || note_id as interaction_key,
        {{ record_id('call', 'contact_no') }} as record_id
    from note
    union all
    select
        'call' as source,
        'call' as channel,
        'complaint' as interaction_type,
        opened_at as occurred_at,
        status,
        cast(null as varchar) as note_text,
        branch_code,
        'complaint:' || complaint_id as interaction_key,
        {{ record_id('call', 'contact_no') }} as record_id
    from complaint
)

select * from interaction__call
