with raw_guarantor as (
    select *
    from {{ source('credit', 'guarantor') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'credit'
),

stg_credit__guarantor as (
    select
        {{ clean_code('raw_guarantor.loan_no') }} as loan_no,
        {{ to_integer('raw_guarantor.seq') }} as sequence,
        {{ clean_text('raw_guarantor.name') }} as name,
        {{ mapped_code('raw_guarantor.cert_type', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_guarantor.cert_no') }} as document_number,
        {{ clean_code('raw_guarantor.mobile') }} as mobile,
        {{ clean_text('raw_guarantor.relation') }} as relation,
        raw_guarantor._source_file,
        raw_guarantor._row_number,
        raw_guarantor._as_of,
        raw_guarantor._delivery
    from raw_guarantor
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_guarantor.cert_type') }} = document_type_map.source_code
)

select * from stg_credit__guarantor
