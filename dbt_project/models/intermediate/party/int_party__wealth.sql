{{ config(materialized='view') }}

with customer as (
    select * from {{ ref('stg_wealth__customer') }}
),

int_party__wealth as (
    select
        'wealth' as source,
        customer_no as source_key,
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
        cast(null as boolean) as is_verified,
        cast(null as date) as opened_date,
        updated_at,
        concat('wealth:', customer_no) as record_id
    from customer
    where customer_no is not null
)

select * from int_party__wealth
