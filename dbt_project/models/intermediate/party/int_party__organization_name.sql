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
        nullif(replace({{ organization_name_signs('composed_name') }}, '(集团)', '集团'), '') as signed_name,
        nullif(replace({{ organization_name_signs('former_name') }}, '(集团)', '集团'), '') as stated_former_name
    from composed
),

unaliased as (
    select
        *,
        {{ without_former_organization('signed_name') }} as name,
        coalesce(stated_former_name, {{ told_former_organization('signed_name') }}) as former_name
    from signed
),

judged as (
    select
        *,
        coalesce({{ organization_name_is_filler('name') }}, false) as is_filler
    from unaliased
),

prefix as (
    select
        judged.record_id,
        left(judged.name, spelling_length.characters) as front
    from judged
    cross join spelling_length
    where length(judged.name) >= spelling_length.characters + 4
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
        judged.*,
        leading_region.front as leading_prefix,
        {{ bracketed_part('judged.name') }} as bracketed,
        substr(judged.name, coalesce(length(leading_region.front), 0) + 1) as rest
    from judged
    left join leading_region on judged.record_id = leading_region.record_id
),

located as (
    select
        split.*,
        coalesce(front.region_name, inside.region_name) as org_region,
        case
            when split.is_filler then null
            when inside.spelling is not null then {{ without_brackets('split.rest') }}
            else split.rest
        end as own_part
    from split
    left join spelling as front on split.leading_prefix = front.spelling
    left join spelling as inside on split.bracketed = inside.spelling
),

parted as (
    select
        *,
        {{ organization_name_without_form('own_part') }} as org_core_name,
        {{ organization_form('own_part') }} as org_form
    from located
),

int_party__organization_name as (
    select
        record_id,
        name_raw,
        case when not is_filler then name end as name,
        case
            when is_filler then 'filler'
            when name like '%?%' then 'lost_character'
            when name != signed_name then 'alias_removed'
        end as name_issue,
        former_name,
        org_region,
        org_core_name,
        {{ organization_brand('org_core_name') }} as org_brand,
        {{ organization_industry('org_core_name') }} as org_industry,
        org_form
    from parted
)

select * from int_party__organization_name
