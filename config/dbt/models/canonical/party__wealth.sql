with customer as (
    select * from {{ ref('stg_wealth__customer') }}
),

party__wealth as (
    select
        'wealth' as source,
        customer_no as source_key,
        'person' as party_type,
        branch_code,
        name,
        document_type,
        document_number,
        birth_date,
        sex,
        mobile,
        email,
        address,
        updated_at
    from customer
)

select * from party__wealth
