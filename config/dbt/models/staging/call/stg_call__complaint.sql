with raw_complaint as (
    select *
    from {{ source('call', 'complaint') }}
    where _deleted_as_of is null
),

stg_call__complaint as (
    select
        {{ clean_code('raw_complaint.complaint_id') }} as complaint_id,
        {{ clean_code('raw_complaint.contact_id') }} as contact_no,
        {{ clean_text('raw_complaint.category') }} as category,
        {{ clean_code('raw_complaint.status') }} as status,
        {{ to_timestamp('raw_complaint.opened_at') }} as opened_at,
        {{ to_timestamp('raw_complaint.closed_at') }} as closed_at,
        {{ clean_code('raw_complaint.branch_no') }} as branch_code,
        raw_complaint._source_file,
        raw_complaint._row_number,
        raw_complaint._as_of,
        raw_complaint._delivery
    from raw_complaint
)

select * from stg_call__complaint
