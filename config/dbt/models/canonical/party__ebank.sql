with bank_user as (
    select * from {{ ref('stg_ebank__user') }}
),

party__ebank as (
    select
        'ebank' as source,
        user_no as source_key,
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
        is_verified,
        cast(registered_at as date) as opened_date,
        updated_at
    from bank_user
)

select * from party__ebank
