with raw_event as (
    select *
    from {{ source('ebank', 'event') }}
    where _deleted_as_of is null
),

stg_ebank__event as (
    select
        {{ clean_code('raw_event.event_id') }} as event_id,
        {{ clean_code('raw_event.user_id') }} as user_no,
        {{ clean_code('raw_event.event_type') }} as event_type,
        {{ to_timestamp('raw_event.event_time') }} as occurred_at,
        {{ clean_code('raw_event.device_id') }} as device_id,
        {{ clean_code('raw_event.ip') }} as ip,
        {{ clean_text('raw_event.detail') }} as detail,
        raw_event._source_file,
        raw_event._row_number,
        raw_event._as_of,
        raw_event._delivery
    from raw_event
)

select * from stg_ebank__event
