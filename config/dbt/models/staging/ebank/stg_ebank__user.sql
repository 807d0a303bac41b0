with raw_user as (
    select *
    from {{ source('ebank', 'user') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'ebank'
),

stg_ebank__user as (
    select
        {{ clean_code('raw_user.user_id') }} as user_no,
        {{ clean_text('raw_user.real_name') }} as name,
        {{ mapped_code('raw_user.cert_type', 'document_type_map.code') }} as document_type,
        {{ clean_text('raw_user.cert_no') }} as document_number,
        {{ clean_code('raw_user.mobile') }} as mobile,
        {{ clean_code('raw_user.email') }} as email,
        {{ mapped_code('raw_user.gender', 'sex_map.code') }} as sex,
        {{ to_date('raw_user.birthday') }} as birth_date,
        {{ clean_text("concat(raw_user.addr_region, raw_user.addr_detail)") }} as address,
        {{ clean_code('raw_user.kyc_level') }} as kyc_level,
        {{ to_boolean('raw_user.face_verified') }} as is_verified,
        {{ clean_code('raw_user.branch_no') }} as branch_code,
        {{ clean_code('raw_user.status') }} as status,
        {{ to_timestamp('raw_user.registered_at') }} as registered_at,
        {{ to_timestamp('raw_user.updated_at') }} as updated_at,
        raw_user._source_file,
        raw_user._row_number,
        raw_user._as_of,
        raw_user._delivery
    from raw_user
    left join code_map as document_type_map
        on
            document_type_map.code_set = 'document_type'
            and {{ clean_code('raw_user.cert_type') }} = document_type_map.source_code
    left join code_map as sex_map
        on
            sex_map.code_set = 'sex'
            and {{ clean_code('raw_user.gender') }} = sex_map.source_code
)

select * from stg_ebank__user
