{{ config(materialized='view') }}

with bank_user as (
    select * from {{ ref('stg_ebank__user') }}
),

int_party__ebank as (
    select
        'ebank' as source,
        user_no as source_key,
        'person' as party_type,
        branch_code,
        name,
        cast(null as varchar) as former_name,
        cast(null as varchar) as latin_name,
        document_type,
        document_number,
        cast(null as date) as document_expiry,
        birth_date,
        sex,
        cast(null as varchar) as nationality,
        mobile,
        cast(null as varchar) as mobile_second,
        cast(null as varchar) as phone,
        email,
        address,
        cast(null as varchar) as employer,
        cast(null as varchar) as occupation,
        cast(null as varchar) as spouse_name,
        cast(null as varchar) as spouse_document_number,
        cast(null as varchar) as registry_number,
        cast(null as varchar) as legal_representative_name,
        is_verified,
        cast(registered_at as date) as opened_date,
        updated_at,
        concat('ebank:', user_no) as record_id
    from bank_user
    where user_no is not null
)

select * from int_party__ebank
