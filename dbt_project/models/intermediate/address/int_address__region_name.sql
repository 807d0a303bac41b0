with region as (
    select
        *,
        coalesce(valid_to, 9999) as last_year
    from {{ ref('int_address__region') }}
),

-- a prefecture of another province in its day is written with that province: 四川省重庆市
province_name as (
    select
        1 as level,
        province,
        cast(null as varchar) as city,
        cast(null as varchar) as district,
        written_province as name,
        {{ province_short('written_province') }} as short_name,
        case when written_province = province then 9999 else last_year end as last_year
    from region
),

city_name as (
    select
        2 as level,
        province,
        city,
        cast(null as varchar) as district,
        written_city as name,
        {{ city_short('written_city') }} as short_name,
        last_year
    from region
    where written_city is not null and written_district is null and written_city != written_province
),

-- 北京市北京市朝阳区 and 北京市市辖区朝阳区 are written too
municipality_name as (
    select
        2 as level,
        province,
        city,
        cast(null as varchar) as district,
        city as name,
        '市辖区' as short_name,
        9999 as last_year
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
        {{ district_short('written_district') }} as short_name,
        last_year
    from region
    where written_district is not null
),

-- a county-level city that became the prefecture around it (金华市) is meant as the prefecture today
every_name as (
    select * from province_name
    union all
    select * from city_name
    union all
    select * from municipality_name
    union all
    select *
    from district_name
    where last_year = 9999 or {{ city_short('name') }} is distinct from {{ city_short('city') }}
),

spelled_name as (
    select
        *,
        name as official_name,
        false as is_short_form
    from every_name
    union all
    select
        * replace (short_name as name),
        name as official_name,
        true as is_short_form
    from every_name
    where
        length(short_name) >= 2 and short_name != name
        and not (level = 3 and short_name is not distinct from {{ city_short('city') }})
    union all
    select
        * replace ({{ region_alias('name') }} as name),
        name as official_name,
        false as is_short_form
    from every_name
    where {{ region_alias('name') }} != name
),

int_address__region_name as (
    select
        level,
        province,
        city,
        district,
        name,
        bool_and(is_short_form) as is_short,
        max_by(official_name, last_year) as official_name,
        max(last_year) as last_year
    from spelled_name
    group by level, province, city, district, name
)

select * from int_address__region_name
