with region as (
    select * from {{ ref('int_address__region') }}
),

province_name as (
    select
        1 as level,
        province,
        cast(null as varchar) as city,
        cast(null as varchar) as district,
        written_province as name,
        {{ province_short('written_province') }} as short_name
    from region
    where written_city is null
),

city_name as (
    select
        2 as level,
        province,
        city,
        cast(null as varchar) as district,
        written_city as name,
        {{ city_short('written_city') }} as short_name
    from region
    where written_city is not null and written_city != written_province
),

-- 北京市北京市朝阳区 and 北京市市辖区朝阳区 are written too
municipality_name as (
    select
        2 as level,
        province,
        city,
        cast(null as varchar) as district,
        city as name,
        '市辖区' as short_name
    from region
    where city = province
),

district_name as (
    select
        3 as level,
        province,
        city,
        district,
        written_district as name,
        {{ district_short('written_district') }} as short_name
    from region
    where written_district is not null
),

every_name as (
    select * from province_name
    union all
    select * from city_name
    union all
    select * from municipality_name
    union all
    select * from district_name
),

int_address__region_name as (
    select
        level,
        province,
        city,
        district,
        name,
        false as is_short
    from every_name
    union
    select
        level,
        province,
        city,
        district,
        short_name as name,
        true as is_short
    from every_name
    where short_name != name and length(short_name) >= 2
)

select * from int_address__region_name
