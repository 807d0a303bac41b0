{{ config(materialized='table') }}

with records as (
    select * from {{ ref('int_party__record') }}
),

identities as (
    select * from {{ ref('golden_xref') }}
),

renewals as (
    select * from {{ ref('int_golden__renewal') }}
),

-- numbers a renewal has replaced, per customer: an old number in another source is old there too
replaced as (
    select distinct
        identities.golden_id,
        renewals.document_key
    from renewals
    inner join identities on renewals.record_id = identities.record_id
    where not renewals.is_in_force
),

in_force as (
    select distinct
        identities.golden_id,
        renewals.document_key
    from renewals
    inner join identities on renewals.record_id = identities.record_id
    where renewals.is_in_force
),

from_records as (
    select
        records.record_id as observation_id,
        identities.golden_id,
        records.record_id,
        records.source,
        records.party_type,
        'record' as origin,
        records.updated_at as observed_at,
        records.source_as_of,
        records.name,
        records.former_name,
        records.latin_name,
        records.document_type,
        records.document_number,
        records.document_key,
        records.document_expiry,
        records.document_is_valid,
        case
            when records.document_is_valid and records.birth_date_document is not null
                then records.birth_date_document
            else records.birth_date
        end as birth_date,
        case
            when records.document_is_valid and records.sex_document is not null then records.sex_document
            else records.sex
        end as sex,
        records.nationality,
        records.mobile,
        records.phone,
        records.email,
        records.address,
        records.province,
        records.city,
        records.district,
        records.employer,
        records.occupation,
        records.spouse_name,
        records.uscc,
        records.organization_code,
        records.registry_number,
        records.legal_representative_name,
        records.industry,
        records.branch_code,
        coalesce(records.is_verified, false) as is_verified,
        records.opened_date,
        records.name not like '%?%' as name_is_valid,
        records.document_is_valid and records.birth_date_document is not null as birth_date_is_valid,
        records.document_is_valid and records.sex_document is not null as sex_is_valid
    from records
    inner join identities on records.record_id = identities.record_id
),

-- a renewal at the counter is an observation of its own: the bank saw the new document that day
from_renewals as (
    select
        renewals.record_id || '#' || renewals.document_key as observation_id,
        identities.golden_id,
        renewals.record_id,
        records.source,
        records.party_type,
        'renewal' as origin,
        cast(renewals.valid_from as timestamp) as observed_at,
        records.source_as_of,
        renewals.document_type,
        renewals.document_number,
        renewals.document_key,
        renewals.valid_to as document_expiry,
        true as document_is_valid,
        coalesce(records.is_verified, false) as is_verified
    from renewals
    inner join identities on renewals.record_id = identities.record_id
    inner join records on renewals.record_id = records.record_id
    where renewals.is_in_force and renewals.valid_from is not null
),

observed as (
    {{ golden_union_by_name('from_records', 'from_renewals') }}
),

int_golden__observation as (
    select
        observed.*,
        replaced.document_key is null
        and coalesce(observed.document_expiry >= {{ business_day() }}, true) as document_is_current
    from observed
    left join in_force
        on observed.golden_id = in_force.golden_id and observed.document_key = in_force.document_key
    left join replaced
        on
            observed.golden_id = replaced.golden_id
            and observed.document_key = replaced.document_key
            and in_force.document_key is null
)

select * from int_golden__observation
