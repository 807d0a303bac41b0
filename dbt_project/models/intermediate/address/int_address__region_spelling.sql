with region_name as (
    select * from {{ ref('int_address__region_name') }}
),

province_part as (
    select
        province,
        name as part
    from region_name
    where level = 1
    union
    select
        province,
        '' as part
    from region_name
),

city_part as (
    select
        province,
        city,
        name as part
    from region_name
    where level = 2
    union
    select
        province,
        city,
        '' as part
    from region_name
    where level = 3
),

province_spelling as (
    select
        level,
        province,
        city,
        district,
        name as spelling,
        is_short,
        true as is_usable
    from region_name
    where level = 1
),

city_spelling as (
    select
        region_name.level,
        region_name.province,
        region_name.city,
        region_name.district,
        concat(province_part.part, region_name.name) as spelling,
        region_name.is_short,
        region_name.name != '市辖区' or province_part.part != '' as is_usable
    from region_name
    inner join province_part on region_name.province = province_part.province
    where region_name.level = 2
),

-- a bare short district (朝阳) is never read as one, but it makes a bare short city of that name doubtful
district_spelling as (
    select
        region_name.level,
        region_name.province,
        region_name.city,
        region_name.district,
        concat(province_part.part, city_part.part, region_name.name) as spelling,
        region_name.is_short,
        length(concat(province_part.part, city_part.part)) > 0
        or (not region_name.is_short and length(region_name.name) > 2) as is_usable
    from region_name
    inner join province_part on region_name.province = province_part.province
    inner join city_part
        on
            region_name.province = city_part.province
            and region_name.city is not distinct from city_part.city
    where region_name.level = 3
),

every_spelling as (
    select * from province_spelling
    union all
    select * from city_spelling
    union all
    select * from district_spelling
),

-- a spelling of several regions stands for what they have in common: 朝阳区 for nothing, 吉林 for the province
common as (
    select
        spelling,
        min(level) as level,
        case when count(distinct province) = 1 or min(level) = 1 then min_by(province, level) end as province,
        case
            when count(distinct province) = 1 and count(distinct city) = 1 and min(level) > 1 then max(city)
        end as city,
        case
            when
                count(distinct province) = 1 and count(distinct coalesce(city, '')) = 1
                and count(distinct district) = 1 and min(level) > 2
                then max(district)
        end as district,
        bool_and(is_short) as is_short,
        bool_and(is_short and level = 3) as is_short_district
    from every_spelling
    group by spelling
    having bool_or(is_usable)
),

int_address__region_spelling as (
    select
        spelling,
        province,
        city,
        district,
        is_short,
        is_short_district,
        length(spelling) as characters,
        concat(province, case when city != province then city end, district) as region_name
    from common
    where province is not null
)

select * from int_address__region_spelling
