with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

contact_change as (
    select *
    from {{ ref('contract_contact_change') }}
    where kind = 'address'
),

spelling as (
    select * from {{ ref('int_address__region_spelling') }}
),

spelling_length as (
    select distinct characters from spelling
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
headed as (
    select
        address_raw,
        signed_address,
        {{ regex_extract('signed_address', '^[^0-9]+', 0) }} as head
    from signed
),

head as (
    select distinct head
    from headed
    where head is not null
),

prefix as (
    select
        head.head,
        spelling_length.characters,
        left(head.head, spelling_length.characters) as front
    from head
    cross join spelling_length
    where length(head.head) >= spelling_length.characters
),

longest as (
    select
        prefix.head,
        max_by(spelling.spelling, spelling.characters) as spelling
    from prefix
    inner join spelling on prefix.front = spelling.spelling
    where not (spelling.is_short and {{ continues_place_name('substr(prefix.head, prefix.characters + 1)') }})
    group by prefix.head
),

located as (
    select
        headed.address_raw,
        spelling.province,
        spelling.city,
        spelling.district,
        spelling.region_name,
        {{ address_detail("substr(headed.signed_address, coalesce(spelling.characters, 0) + 1)") }} as detail
    from headed
    left join longest on headed.head = longest.head
    left join spelling on longest.spelling = spelling.spelling
),

int_address__standardised as (
    select
        address_raw,
        nullif(concat(region_name, {{ address_numerals('detail') }}), '') as address,
        province,
        city,
        district,
        nullif({{ address_numerals('detail') }}, '') as address_detail
    from located
)

select * from int_address__standardised
