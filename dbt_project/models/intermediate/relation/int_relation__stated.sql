with relationship as (
    select * from {{ ref('contract_relationship') }}
),

record as (
    select * from {{ ref('int_party__record') }}
),

provided as (
    select
        source || ':' || relationship_key as relation_key,
        source,
        record_id,
        relation_type,
        related_record_id,
        {{ related_person_name('related_name') }} as related_name,
        {{ resident_id_upgraded(document_characters(half_width('related_document_number'))) }} as document_number,
        {{ mobile_national(phone_digits(half_width('related_mobile'))) }} as mobile,
        share_ratio,
        since
    from relationship
),

-- what party records themselves say of others
spouse as (
    select
        'spouse:' || record_id as relation_key,
        source,
        record_id,
        'spouse' as relation_type,
        cast(null as varchar) as related_record_id,
        spouse_name as related_name,
        spouse_document_number as document_number,
        cast(null as varchar) as mobile,
        cast(null as decimal(12, 6)) as share_ratio,
        cast(null as date) as since
    from record
    where party_type = 'person' and (spouse_name is not null or spouse_document_number is not null)
),

legal_representative as (
    select
        'legal_representative:' || record_id as relation_key,
        source,
        record_id,
        'legal_representative' as relation_type,
        cast(null as varchar) as related_record_id,
        legal_representative_name as related_name,
        cast(null as varchar) as document_number,
        cast(null as varchar) as mobile,
        cast(null as decimal(12, 6)) as share_ratio,
        cast(null as date) as since
    from record
    where party_type = 'organization' and legal_representative_name is not null
),

gathered as (
    select * from provided
    union all
    select * from spouse
    union all
    select * from legal_representative
),

checked as (
    select
        *,
        coalesce({{ resident_id_check_holds('document_number') }}, false) as is_resident_number,
        {{ uscc_holds('document_number') }} as is_uscc,
        {{ mobile_holds('mobile') }} as is_mobile
    from gathered
),

int_relation__stated as (
    select
        relation_key,
        source,
        record_id,
        relation_type,
        related_record_id,
        related_name,
        share_ratio,
        since,
        case
            when is_resident_number then 'R:' || document_number
            when is_uscc then 'U:' || document_number
        end as related_document_key,
        case when is_mobile then mobile end as related_mobile
    from checked
)

select * from int_relation__stated
