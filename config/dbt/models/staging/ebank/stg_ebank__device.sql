with raw_device as (
    select *
    from {{ source('ebank', 'device') }}
    where _deleted_as_of is null
),

stg_ebank__device as (
    select
        {{ clean_code('raw_device.user_id') }} as user_no,
        {{ clean_code('raw_device.device_id') }} as device_id,
        {{ clean_text('raw_device.model') }} as model,
        {{ clean_text('raw_device.os') }} as os,
        {{ to_timestamp('raw_device.bound_at') }} as bound_at,
        raw_device._source_file,
        raw_device._row_number,
        raw_device._as_of,
        raw_device._delivery
    from raw_device
)

select * from stg_ebank__device
