with raw_dual_recording as (
    select *
    from {{ source('wealth', 'dual_recording') }}
    where _deleted_as_of is null
),

stg_wealth__dual_recording as (
    select
        {{ clean_code('raw_dual_recording.rec_id') }} as recording_id,
        {{ clean_code('raw_dual_recording.wm_cust_no') }} as customer_no,
        {{ clean_code('raw_dual_recording.prod_code') }} as product_code,
        {{ to_date('raw_dual_recording.rec_dt') }} as recorded_date,
        {{ clean_code('raw_dual_recording.evidence_ref') }} as evidence_reference,
        {{ clean_code('raw_dual_recording.branch_no') }} as branch_code,
        raw_dual_recording._source_file,
        raw_dual_recording._row_number,
        raw_dual_recording._as_of,
        raw_dual_recording._delivery
    from raw_dual_recording
)

select * from stg_wealth__dual_recording
