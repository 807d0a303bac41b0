{{ config(materialized='view') }}

with customer as (
    select * from {{ ref('stg_core__customer') }}
),

int_party__core as (
    select
        'core' as source,
        customer_no as source_key,
        branch_code,
        name,
        cast(null as varchar) as former_name,
        cast(null as varchar) as latin_name,
        document_type,
        document_number,
        document_expiry,
        birth_date,
        sex,
        nationality,
        mobile,
        cast(null as varchar) as mobile_second,
        phone,
        cast(null as varchar) as email,
        address,
        employer,
        occupation,
        spouse_name,
        spouse_document_number,
        cast(null as varchar) as registry_number,
        legal_representative_name,
        is_verified,
        opened_date,
        updated_at,
        concat('core:', customer_no) as record_id,
        case
            when party_type in ('person', 'organization') then party_type
            when document_type in ('uscc', 'organization_code', 'registry_number') then 'organization'
            else 'person'
        end as party_type
    from customer
    where customer_no is not null
)

select * from int_party__core
