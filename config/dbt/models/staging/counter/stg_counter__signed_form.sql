with raw_signed_form as (
    select *
    from {{ source('counter', 'signed_form') }}
    where _deleted_as_of is null
),

stg_counter__signed_form as (
    select
        {{ clean_code('raw_signed_form.serial_no') }} as form_id,
        {{ clean_code('raw_signed_form.cust_no') }} as customer_no,
        {{ clean_text('raw_signed_form.form_type') }} as form_type,
        {{ to_date('raw_signed_form.signed_dt') }} as signed_date,
        {{ clean_code('raw_signed_form.image_ref') }} as image_reference,
        {{ clean_code('raw_signed_form.branch_no') }} as branch_code,
        raw_signed_form._source_file,
        raw_signed_form._row_number,
        raw_signed_form._as_of,
        raw_signed_form._delivery
    from raw_signed_form
)

select * from stg_counter__signed_form
