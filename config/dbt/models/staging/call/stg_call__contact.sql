with raw_contact as (
    select *
    from {{ source('call', 'contact') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'call'
),

stg_call__contact as (
    select
        {{ clean_code('raw_contact.contact_id') }} as contact_no,
        {{ clean_text('raw_contact.name') }} as name,
        {{ mapped_code('raw_contact.sex', 'sex_map.code') }} as sex,
        {{ clean_code('raw_contact.mobile') }} as mobile,
        {{ clean_code('raw_contact.phone') }} as phone,
        {{ mapped_code('raw_contact.cert_type', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_contact.cert_no') }} as document_number,
        {{ clean_text('raw_contact.address') }} as address,
        {{ clean_code('raw_contact.branch_no') }} as branch_code,
        {{ to_timestamp('raw_contact.created_at') }} as created_at,
        {{ to_timestamp('raw_contact.updated_at') }} as updated_at,
        raw_contact._source_file,
        raw_contact._row_number,
        raw_contact._as_of,
        raw_contact._delivery
    from raw_contact
    left join code_map as sex_map
        on
            sex_map.code_set = 'sex'
            and {{ clean_code('raw_contact.sex') }} = sex_map.source_code
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_contact.cert_type') }} = document_type_map.source_code
)

select * from stg_call__contact
