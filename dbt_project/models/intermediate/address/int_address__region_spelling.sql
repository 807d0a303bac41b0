with region_name as (
    select * from {{ ref('int_address__region_name') }}
),

-- a name may stand alone, behind its province, behind its city, or behind both
province_part as (
    select
        province,
        name as part,
        last_year
    from region_name
    where level = 1
    union all
    select distinct
        province,
        '' as part,
        9999 as last_year
    from region_name
),

city_part as (
    select
        province,
        city,
        name as part,
        last_year
    from region_name
    where level = 2
    union all
    select distinct
        province,
        city,
        '' as part,
        9999 as last_year
    from region_name
),

every_spelling as (
    select
        region_name.level,
        region_name.province,
        region_name.city,
        region_name.district,
        region_name.name,
        region_name.is_short,
        concat(province_part.part, city_part.part, region_name.name) as spelling,
        concat(province_part.part, city_part.part) = '' as is_first,
        case when region_name.level = 3 then region_name.official_name end as official_district,
        least(region_name.last_year, city_part.last_year, province_part.last_year) as last_year
    from region_name
    inner join province_part
        on
            region_name.province = province_part.province
            and (region_name.level > 1 or province_part.part = '')
    inner join city_part
        on
            region_name.province = city_part.province
            and region_name.city is not distinct from city_part.city
            and (region_name.level > 2 or city_part.part = '')
),

-- a bare short district (义乌) is read only where a smaller place follows; 市辖区 and a bare 城区 say nothing
usable as (
    select
        *,
        case
            when is_first and level = 2 then name != '市辖区'
            when is_first and level = 3 then is_short or length(name) > 2
            else true
        end as is_usable
    from every_spelling
),

-- names given up before 2000 stand back where another region bears the name since
ranked as (
    select
        *,
        max(last_year) over (partition by spelling) as newest_year,
        max(case when level = 3 then last_year end) over (partition by spelling) as newest_district_year
    from usable
),

-- a spelling of several regions stands for what they have in common: 吉林 for the province, 朝阳区 for no more than a
-- district of that name
common as (
    select
        spelling,
        case when count(distinct province) = 1 or min(level) = 1 then min_by(province, level) end as province,
        case
            when count(distinct province) = 1 and count(distinct city) = 1 and min(level) > 1 then max(city)
        end as city,
        case
            when
                count(distinct province) = 1 and count(distinct coalesce(city, '')) = 1
                and count(distinct coalesce(district, '')) = 1 and min(level) > 2
                then max(district)
        end as district,
        case when min(level) = 3 and count(distinct official_district) = 1 then max(official_district) end
            as official_district,
        bool_and(is_short) as is_short,
        bool_and(is_short and level = 3) as is_short_district,
        bool_and(level = 3 and is_first and not is_short) as is_bare_district,
        bool_and(level = 3 and is_first and is_short) as is_bare_short,
        bool_and(is_short and is_first) as is_single_short,
        bool_and(level = 3 and not is_first) as is_district_of_parent,
        min(level) = 3 and count(distinct concat(province, city)) > 1 as is_ambiguous,
        max(last_year) < 9999 as is_retired
    from ranked
    where
        last_year >= least(newest_year, 2000)
        and not (level = 2 and last_year < 9999 and coalesce(newest_district_year, 0) = 9999)
    group by spelling
    having bool_or(is_usable)
),

int_address__region_spelling as (
    select
        spelling,
        province,
        city,
        district,
        official_district,
        is_short,
        is_short_district,
        is_bare_short,
        is_single_short,
        is_district_of_parent,
        is_ambiguous,
        is_retired,
        length(spelling) as characters,
        left(spelling, 2) as beginning,
        concat(province, case when city != province then city end, coalesce(district, official_district))
            as region_name
    from common
    where province is not null or is_bare_district
)

select * from int_address__region_spelling
