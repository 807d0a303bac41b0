with headed as (
    select * from {{ ref('int_address__written') }}
),

spelling as (
    select * from {{ ref('int_address__region_spelling') }}
),

head as (
    select distinct head
    from headed
    where head is not null
),

head_region as (
    {{ longest_region('head', 'spelling') }}
),

first_region as (
    select
        headed.address_raw,
        headed.signed_address,
        spelling.spelling as first_spelling,
        spelling.province as first_province,
        spelling.city as first_city,
        spelling.official_district as first_district,
        case when spelling.spelling is null then {{ leading_towns('headed.head') }} end as towns
    from headed
    left join head_region on headed.head = head_region.head
    left join spelling on head_region.spelling = spelling.spelling
),

rested as (
    select
        *,
        substr(signed_address, length(coalesce(first_spelling, towns, '')) + 1) as rest
    from first_region
),

rest_headed as (
    select
        *,
        {{ address_head('rest') }} as rest_head
    from rested
),

province_beginning as (
    select distinct left(province, 2) as beginning from spelling
),

-- where a region may be written once more, or behind its town: 浙江台州温岭市浙江省温岭市, 东山街道秦皇岛市北戴河区
repeated_head as (
    select distinct rest_head as head
    from rest_headed
    where
        towns is not null
        or left(rest_head, 2) in (left(first_province, 2), left(first_city, 2), left(first_district, 2))
        or left(rest_head, 2) in (select province_beginning.beginning from province_beginning)
),

repeated_region as (
    {{ longest_region('repeated_head', 'spelling') }}
),

second_region as (
    select
        rest_headed.*,
        spelling.spelling as second_spelling,
        spelling.is_district_of_parent,
        spelling.official_district is not null as has_second_district,
        coalesce(rest_headed.first_province = spelling.province, true)
        and coalesce(rest_headed.first_city = spelling.city, true)
        and coalesce(rest_headed.first_district = spelling.official_district, true) as is_compatible,
        spelling.official_district is not null
        or (rest_headed.first_district is null and spelling.city is not null) as is_deeper
    from rest_headed
    left join repeated_region on rest_headed.rest_head = repeated_region.head
    left join spelling on repeated_region.spelling = spelling.spelling
),

-- of two regions that contradict each other the second counts when it is a whole one: a form filled in the first
judged as (
    select
        *,
        case
            when second_spelling is null then false
            when first_spelling is null then has_second_district or length(second_spelling) > 2
            else is_compatible or is_district_of_parent
        end as uses_second,
        first_spelling is not null and not is_compatible and is_district_of_parent as has_conflict
    from second_region
),

chosen as (
    select
        address_raw,
        concat(towns, case when uses_second then substr(rest, length(second_spelling) + 1) else rest end) as detail,
        case when uses_second and (is_deeper or first_spelling is null) then second_spelling else first_spelling end
            as spelling,
        coalesce(has_conflict, false) as has_conflict
    from judged
),

-- 宁海区 for 宁海县: the kind of the district was mistaken
int_address__located as (
    select
        chosen.address_raw,
        case
            when spelling.is_short_district then {{ regex_replace('chosen.detail', '^[区县市]([㐀-鿿]{2})', '\\1') }}
            else chosen.detail
        end as detail,
        chosen.has_conflict,
        spelling.province,
        spelling.city,
        spelling.district,
        spelling.official_district,
        spelling.region_name,
        coalesce(spelling.is_ambiguous, false) as is_ambiguous,
        coalesce(spelling.is_retired, false) as is_retired
    from chosen
    left join spelling on chosen.spelling = spelling.spelling
)

select * from int_address__located
