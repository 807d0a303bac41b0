{{ config(materialized='view') }}

with decisions as (
    select *
    from {{ ref('int_golden__decision') }}
    where outcome <> 'no_decision'
),

observations as (
    select * from {{ ref('int_golden__observation') }}
),

int_golden__chosen as (
    select
        decisions.attribute_group,
        observations.observation_id,
        observations.golden_id,
        observations.record_id,
        observations.source,
        observations.party_type,
        observations.origin,
        observations.observed_at,
        observations.source_as_of,
        observations.name,
        observations.former_name,
        observations.latin_name,
        observations.document_type,
        observations.document_number,
        observations.document_key,
        observations.document_expiry,
        observations.document_is_valid,
        observations.birth_date,
        observations.sex,
        observations.nationality,
        observations.mobile,
        observations.phone,
        observations.email,
        observations.address,
        observations.province,
        observations.city,
        observations.district,
        observations.employer,
        observations.occupation,
        observations.spouse_name,
        observations.uscc,
        observations.organization_code,
        observations.registry_number,
        observations.legal_representative_name,
        observations.industry,
        observations.branch_code,
        observations.is_verified,
        observations.opened_date,
        observations.name_is_valid,
        observations.birth_date_is_valid,
        observations.sex_is_valid,
        observations.document_is_current
    from decisions
    inner join observations on decisions.observation_id = observations.observation_id
)

select * from int_golden__chosen
