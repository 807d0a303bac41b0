with listed as (
    select * from {{ ref('ref_region') }}
),

today as (
    select *
    from listed
    where valid_to is null
),

int_address__region as (
    select
        listed.code,
        listed.province as written_province,
        listed.city as written_city,
        listed.district as written_district,
        listed.valid_from,
        listed.valid_to,
        coalesce(today.code, listed.code) as current_code,
        coalesce(today.province, listed.province) as province,
        coalesce(today.city, listed.city) as city,
        coalesce(today.district, listed.district) as district
    from listed
    left join today on listed.successor = today.code
)

select * from int_address__region
