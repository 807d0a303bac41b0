with contact as (
    select * from {{ ref('stg_call__contact') }}
),

party__call as (
    select
        'call' as source,
        contact_no as source_key,
        'person' as party_type,
        branch_code,
        name,
        document_type,
        document_number,
        sex,
        mobile,
        phone,
        address,
        cast(created_at as date) as opened_date,
        updated_at
    from contact
)

select * from party__call
