with located as (
    select * from {{ ref('int_address__located') }}
),

worded as (
    select
        *,
        {{ address_detail('upper(detail)') }} as worded_detail
    from located
),

numbered as (
    select
        *,
        nullif({{ address_numerals('worded_detail') }}, '') as numbered_detail
    from worded
),

sifted as (
    select
        *,
        region_name is null and {{ address_is_filler('numbered_detail') }} as is_filler,
        case when not (region_name is null and {{ address_is_filler('numbered_detail') }}) then numbered_detail end
            as address_detail
    from numbered
),

fronted as (
    select
        *,
        {{ address_front('address_detail') }} as front
    from sifted
),

doored as (
    select
        *,
        nullif(front['road_number'], '') as signed_number,
        case
            when front['road_number'] = '' and front['road'] != '' then {{ bare_road_number("front['rest']") }}
        end as bare_number
    from fronted
),

ended as (
    select
        *,
        {{ address_end("substr(front['rest'], coalesce(length(bare_number), 0) + 1)") }} as ending
    from doored
),

-- a number at the end with no building, floor or road number before it is the door's: 三桥村72号
settled as (
    select
        *,
        coalesce(signed_number, bare_number) is null and ending['room'] like '%号'
        and concat(ending['building'], ending['unit'], ending['floor']) = '' as ends_with_door
    from ended
),

judged as (
    select
        *,
        case
            when is_filler then 'filler'
            when has_conflict then 'region_conflict'
            when region_name is null then 'no_region'
            when is_ambiguous then 'ambiguous_region'
            when official_district is null and {{ starts_with_district('address_detail') }} then 'unknown_district'
            when official_district is not null and district is null then 'divided_region'
            when is_retired then 'retired_region'
        end as address_issue
    from settled
),

int_address__standardised as (
    select
        address_raw,
        address_issue,
        province,
        city,
        official_district as district_written,
        address_detail,
        case when is_ambiguous and district is null then official_district else district end as district,
        nullif(concat(region_name, address_detail), '') as address,
        nullif(front['town'], '') as town,
        nullif(front['village'], '') as village,
        nullif(front['road'], '') as road,
        case when ends_with_door then ending['room'] else coalesce(signed_number, bare_number) end as road_number,
        nullif(ending['poi'], '') as poi,
        nullif(ending['building'], '') as building,
        nullif(ending['unit'], '') as unit,
        nullif(ending['floor'], '') as floor,
        case when not ends_with_door then nullif(ending['room'], '') end as room
    from judged
)

select * from int_address__standardised
