with listed as (
    select * from {{ ref('ref_region') }}
),

-- prefectures without districts (东莞市) are listed again as a district of their own
today as (
    select *
    from listed
    where valid_to is null and not (district is not null and code like '%00')
),

-- the successor of a divided district is its prefecture or province: then there is no district today
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
        case when today.code is null then listed.city else today.city end as city,
        case when today.code is null then listed.district else today.district end as district
    from listed
    left join today on listed.successor = today.code
)

select * from int_address__region
