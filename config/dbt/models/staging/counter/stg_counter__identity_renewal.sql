with raw_identity_renewal as (
    select *
    from {{ source('counter', 'identity_renewal') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'counter'
),

stg_counter__identity_renewal as (
    select
        {{ clean_code('raw_identity_renewal.serial_no') }} as renewal_id,
        {{ clean_code('raw_identity_renewal.cust_no') }} as customer_no,
        {{ clean_text('raw_identity_renewal.name') }} as name,
        {{ mapped_code('raw_identity_renewal.cert_type', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_identity_renewal.old_cert_no') }} as old_document_number,
        {{ clean_text('raw_identity_renewal.new_cert_no') }} as new_document_number,
        {{ to_expiry_date('raw_identity_renewal.new_exp_dt') }} as new_expiry,
        {{ to_date('raw_identity_renewal.handled_dt') }} as handled_date,
        {{ clean_code('raw_identity_renewal.branch_no') }} as branch_code,
        raw_identity_renewal._source_file,
        raw_identity_renewal._row_number,
        raw_identity_renewal._as_of,
        raw_identity_renewal._delivery
    from raw_identity_renewal
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_identity_renewal.cert_type') }} = document_type_map.source_code
)

select * from stg_counter__identity_renewal
