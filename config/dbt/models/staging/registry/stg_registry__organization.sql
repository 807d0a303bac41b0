with raw_organization as (
    select *
    from {{ source('registry', 'organization') }}
),

stg_registry__organization as (
    select
        {{ clean_code('raw_organization.uscc') }} as uscc,
        {{ clean_code('raw_organization.reg_no') }} as registry_number,
        {{ clean_text('raw_organization.org_name') }} as name,
        {{ clean_text('raw_organization.former_name') }} as former_name,
        {{ clean_text('raw_organization.org_type') }} as organization_type,
        {{ clean_text('raw_organization.status') }} as status,
        {{ to_date('raw_organization.established_dt') }} as established_date,
        {{ clean_code('raw_organization.region_code') }} as region_code,
        {{ clean_text('raw_organization.address') }} as address,
        {{ clean_code('raw_organization.phone') }} as phone,
        {{ clean_text('raw_organization.legal_rep_name') }} as legal_representative_name,
        {{ to_decimal('raw_organization.reg_capital') }} as registered_capital,
        {{ clean_text('raw_organization.industry') }} as industry,
        raw_organization._deleted_as_of as ended_date,
        raw_organization._source_file,
        raw_organization._row_number,
        raw_organization._as_of,
        raw_organization._delivery
    from raw_organization
)

select * from stg_registry__organization
