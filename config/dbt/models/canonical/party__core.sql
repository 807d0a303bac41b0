with customer as (
    select * from {{ ref('stg_core__customer') }}
),

party__core as (
    select
        'core' as source,
        customer_no as source_key,
        party_type,
        branch_code,
        name,
        document_type,
        document_number,
        document_expiry,
        birth_date,
        sex,
        nationality,
        mobile,
        phone,
        address,
        employer,
        occupation,
        spouse_name,
        spouse_document_number,
        legal_representative_name,
        is_verified,
        opened_date,
        updated_at
    from customer
)

select * from party__core
