with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

person_name as (
    select * from {{ ref('int_party__person_name') }}
),

organization_name as (
    select * from {{ ref('int_party__organization_name') }}
),

document as (
    select *
    from {{ ref('int_party__document_standardised') }}
    where origin = 'record'
),

contact as (
    select * from {{ ref('int_party__contact_standardised') }}
),

address as (
    select * from {{ ref('int_address__standardised') }}
),

every_issue as (
    select
        record_id,
        'name' as field,
        name_issue as issue
    from person_name
    union all
    select
        record_id,
        'name' as field,
        name_issue as issue
    from organization_name
    union all
    select
        record_id,
        'document' as field,
        coalesce(document_issue, document_warning) as issue
    from document
    union all
    select
        record_id,
        'mobile' as field,
        mobile_issue as issue
    from contact
    union all
    select
        record_id,
        'phone' as field,
        phone_issue as issue
    from contact
    union all
    select
        record_id,
        'email' as field,
        email_issue as issue
    from contact
    union all
    select
        source_record.record_id,
        'address' as field,
        address.address_issue as issue
    from source_record
    inner join address on source_record.address = address.address_raw
    union all
    select
        record_id,
        'birth_date' as field,
        case when not {{ is_birth_date('birth_date') }} then 'implausible_date' end as issue
    from source_record
),

int_party__field_issue as (
    select
        record_id,
        field,
        issue,
        case
            when issue in ('filler', 'bad_format', 'bad_date', 'bad_check_digit', 'unmapped_type', 'implausible_date')
                then 'dropped'
            when
                issue in (
                    'title_removed', 'alias_removed', 'suffix_removed', 'joint_names', 'private_use', 'landline',
                    'mobile', 'retired_region', 'region_conflict', 'fifteen_digits'
                )
                then 'changed'
            else 'doubted'
        end as effect
    from every_issue
    where issue is not null
)

select * from int_party__field_issue
