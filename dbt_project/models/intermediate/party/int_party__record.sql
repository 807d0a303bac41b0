{%- set content = [
    'record_id', 'party_type', 'branch_code', 'name', 'former_name', 'latin_name', 'document_type', 'document_number',
    'document_key', 'document_expiry', 'birth_date', 'sex', 'nationality', 'mobile', 'mobile_second', 'phone', 'email',
    'address', 'employer', 'occupation', 'spouse_name', 'spouse_document_number', 'uscc', 'organization_code',
    'registry_number', 'legal_representative_name', 'is_verified', 'opened_date'
] -%}

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

source_status as (
    select
        source,
        max(data_as_of) as data_as_of
    from {{ source('landing', 'source_status') }}
    where as_of = {{ business_day() }}
    group by source
),

-- texts that no other model standardises
described as (
    select
        source_record.*,
        {{ half_width('registry_number') }} as registered_number,
        {{ half_width('spouse_document_number') }} as spouse_number
    from source_record
),

joined as (
    select
        described.record_id,
        described.source,
        described.source_key,
        described.party_type,
        described.branch_code,
        described.name as name_raw,
        coalesce(person_name.name, organization_name.name) as name,
        coalesce(person_name.name_issue, organization_name.name_issue) as name_issue,
        coalesce(person_name.former_name, organization_name.former_name) as former_name,
        person_name.latin_name,
        described.document_type,
        described.document_number as document_number_raw,
        document.document_number,
        document.document_key,
        document.document_is_valid,
        document.document_issue,
        described.document_expiry,
        case
            when {{ is_birth_date('described.birth_date') }} then described.birth_date
        end as birth_date,
        document.birth_date_document,
        case when described.sex in ('M', 'F') then described.sex end as sex,
        document.sex_document,
        upper(described.nationality) as nationality,
        contact.mobile,
        contact.mobile_issue,
        contact.mobile_second,
        contact.phone,
        contact.email,
        address.address,
        address.province,
        address.city,
        address.district,
        address.address_detail,
        {{ compatible_form('described.employer') }} as employer,
        {{ compatible_form('described.occupation') }} as occupation,
        {{ related_person_name('described.spouse_name') }} as spouse_name,
        {{ resident_id_upgraded(document_characters('described.spouse_number')) }} as spouse_document_number,
        document.uscc,
        document.organization_code,
        coalesce(
            document.registry_number,
            case
                when {{ registry_number_holds('described.registered_number') }} then described.registered_number
            end
        ) as registry_number,
        {{ related_person_name('described.legal_representative_name') }} as legal_representative_name,
        described.industry,
        organization_name.org_region,
        organization_name.org_core_name,
        organization_name.org_form,
        described.is_verified,
        described.opened_date,
        described.updated_at,
        source_status.data_as_of as source_as_of
    from described
    left join person_name on described.record_id = person_name.record_id
    left join organization_name on described.record_id = organization_name.record_id
    left join document on described.record_id = document.record_id
    left join contact on described.record_id = contact.record_id
    left join address on described.address = address.address_raw
    left join source_status on described.source = source_status.source
),

int_party__record as (
    select
        joined.*,
        {{ content_hash(content) }} as record_hash
    from joined
)

select * from int_party__record
order by record_id
