with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

contact_change as (
    select *
    from {{ ref('contract_contact_change') }}
    where kind = 'address'
),

address as (
    select address as address_raw
    from source_record
    where address is not null
    union
    select old_value as address_raw
    from contact_change
    where old_value is not null
    union
    select new_value as address_raw
    from contact_change
    where new_value is not null
),

composed as (
    select
        address_raw,
        {{ compatible_form('address_raw') }} as composed_address
    from address
),

signed as (
    select
        address_raw,
        {{ address_signs('composed_address') }} as signed_address
    from composed
),

-- regions hold no digits: what stands before the first one is the same for many addresses
int_address__written as (
    select
        address_raw,
        signed_address,
        {{ address_head('signed_address') }} as head
    from signed
)

select * from int_address__written
