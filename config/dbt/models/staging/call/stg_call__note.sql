with raw_note as (
    select *
    from {{ source('call', 'note') }}
    where _deleted_as_of is null
),

stg_call__note as (
    select
        {{ clean_code('raw_note.note_id') }} as note_id,
        {{ clean_code('raw_note.contact_id') }} as contact_no,
        {{ to_timestamp('raw_note.call_time') }} as occurred_at,
        {{ clean_code('raw_note.agent_id') }} as agent_id,
        {{ clean_text('raw_note.note_text') }} as note_text,
        {{ clean_code('raw_note.branch_no') }} as branch_code,
        raw_note._source_file,
        raw_note._row_number,
        raw_note._as_of,
        raw_note._delivery
    from raw_note
)

select * from stg_call__note
