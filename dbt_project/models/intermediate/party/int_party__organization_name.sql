with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

spelling as (
    select *
    from {{ ref('int_address__region_spelling') }}
    where not is_short_district and not is_ambiguous
),

spelling_length as (
    select distinct length(spelling) as characters from spelling
),

composed as (
    select
        record_id,
        name as name_raw,
        {{ compatible_form('name') }} as composed_name,
        {{ compatible_form('former_name') }} as former_name
    from source_record
    where party_type = 'organization'
),

signed as (
    select
        record_id,
        name_raw,
        nullif(replace({{ organization_name_signs('composed_name') }}, '(集团)', '集团'), '') as name,
        nullif(replace({{ organization_name_signs('former_name') }}, '(集团)', '集团'), '') as former_name
    from composed
),

prefix as (
    select
        signed.record_id,
        left(signed.name, spelling_length.characters) as front
    from signed
    cross join spelling_length
    where length(signed.name) >= spelling_length.characters + 4
),

leading_region as (
    select
        prefix.record_id,
        max_by(prefix.front, length(prefix.front)) as front
    from prefix
    inner join spelling on prefix.front = spelling.spelling
    group by prefix.record_id
),

split as (
    select
        signed.*,
        leading_region.front as leading_prefix,
        {{ bracketed_part('signed.name') }} as bracketed,
        substr(signed.name, coalesce(length(leading_region.front), 0) + 1) as rest
    from signed
    left join leading_region on signed.record_id = leading_region.record_id
),

located as (
    select
        split.*,
        coalesce(front.region_name, inside.region_name) as org_region,
        case when inside.spelling is not null then {{ without_brackets('split.rest') }} else split.rest end as own_part
    from split
    left join spelling as front on split.leading_prefix = front.spelling
    left join spelling as inside on split.bracketed = inside.spelling
),

int_party__organization_name as (
    select
        record_id,
        name_raw,
        case when {{ organization_name_is_filler('name') }} then null else name end as name,
        case
            when {{ organization_name_is_filler('name') }} then 'filler'
            when name like '%?%' then 'lost_character'
        end as name_issue,
        former_name,
        org_region,
        {{ organization_name_without_form('own_part') }} as org_core_name,
        {{ organization_form('own_part') }} as org_form
    from located
)

select * from int_party__organization_name
