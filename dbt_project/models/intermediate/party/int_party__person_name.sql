with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

composed as (
    select
        record_id,
        name as name_raw,
        latin_name as latin_name_raw,
        former_name as former_name_raw,
        {{ compatible_form('name') }} as composed_name
    from source_record
    where party_type = 'person'
),

signed as (
    select
        composed.*,
        {{ person_name_signs('composed_name') }} as signed_name
    from composed
),

unaliased as (
    select
        signed.*,
        {{ without_alias('signed_name') }} as unaliased_name,
        {{ told_former_name('signed_name') }} as told_former_name
    from signed
),

paired as (
    select
        unaliased.*,
        {{ joint_names('unaliased_name') }} as joint
    from unaliased
),

-- the first holder is the customer of the record, the second one is kept beside him
unpaired as (
    select
        *,
        nullif(joint['second'], '') as joint_name,
        coalesce(nullif(joint['first'], ''), unaliased_name) as single_name
    from paired
),

unsuffixed as (
    select
        unpaired.*,
        {{ without_suffix('single_name') }} as unsuffixed_name
    from unpaired
),

untitled as (
    select
        unsuffixed.*,
        {{ without_title('unsuffixed_name') }} as bare_name
    from unsuffixed
),

judged as (
    select
        untitled.*,
        coalesce({{ person_name_is_filler('bare_name') }}, false) as is_filler,
        not {{ has_chinese('bare_name') }} as is_latin
    from untitled
),

int_party__person_name as (
    select
        record_id,
        name_raw,
        joint_name,
        case
            when is_filler then null
            when is_latin then {{ latin_name('bare_name') }}
            else upper(bare_name)
        end as name,
        case
            when name_raw is null then null
            when is_filler then 'filler'
            when bare_name like '%?%' then 'lost_character'
            when {{ regex_matches('name_raw', '[\\x{E000}-\\x{F8FF}]') }} then 'private_use'
            when joint_name is not null then 'joint_names'
            when bare_name != unsuffixed_name then 'title_removed'
            when unaliased_name != signed_name then 'alias_removed'
            when unsuffixed_name != single_name then 'suffix_removed'
        end as name_issue,
        coalesce({{ related_person_name('former_name_raw') }}, told_former_name) as former_name,
        coalesce(
            {{ latin_name('latin_name_raw') }},
            case when is_latin and not is_filler then {{ latin_name('bare_name') }} end
        ) as latin_name
    from judged
)

select * from int_party__person_name
