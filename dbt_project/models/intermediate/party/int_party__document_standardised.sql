with written as (
    select * from {{ ref('int_party__document_written') }}
),

region_code as (
    select code from {{ ref('ref_region_code') }}
),

checked as (
    select
        *,
        coalesce({{ regex_matches('document_number', '^[1-9][0-9]{16}[0-9X]$') }}, false) as is_resident_form,
        {{ resident_id_birth_date('document_number') }} as resident_birth_date,
        case
            when document_family = 'organization' then {{ uscc_holds('document_number') }}
        end as is_uscc,
        case
            when document_family = 'organization' then {{ organization_code_holds('document_number') }}
        end as is_organization_code,
        case
            when document_family = 'organization' then {{ registry_number_holds('document_number') }}
        end as is_registry_number,
        case
            when document_family = 'organization' then {{ organization_code_of_tax_number('document_number') }}
        end as code_of_tax_number
    from written
),

dated as (
    select
        *,
        is_resident_form
        and coalesce(resident_birth_date <= {{ business_day() }}, false) as has_birth_date
    from checked
),

read_out as (
    select
        *,
        has_resident_check and has_birth_date as is_resident_number
    from dated
),

-- prefix and holder: null holders make null keys, because || keeps null
keyed as (
    select
        *,
        case
            when is_filler then null
            when is_resident_number and document_number like '9%' then 'F:' || document_number
            when is_resident_number and document_family = 'resident' then 'R:' || document_number
            when document_family = 'foreign_permanent_resident'
                then 'F:' || {{ foreign_resident_number('document_number') }}
            when document_family = 'hk_macau_permit' then 'H:' || {{ hk_macau_permit_holder('document_number') }}
            when document_family = 'taiwan_permit' then 'T:' || {{ taiwan_permit_holder('document_number') }}
            when document_family = 'passport' then 'P:' || {{ passport_number('document_number') }}
            when document_family = 'military_id' then 'M:' || {{ military_digits('document_number') }}
            when is_uscc then 'U:' || document_number
            when is_organization_code then 'O:' || document_number
            when is_registry_number then 'G:' || document_number
            when code_of_tax_number is not null then 'O:' || code_of_tax_number
        end as document_key
    from read_out
),

judged as (
    select
        *,
        document_key is not null as document_is_valid,
        is_resident_number and left(document_key, 2) in ('R:', 'F:') as says_birth,
        case
            when document_number is null or document_key is not null then null
            when is_filler then 'filler'
            when document_type is null or document_type = 'UNMAPPED' then 'unmapped_type'
            when document_family = 'resident' and not is_resident_form then 'bad_format'
            when document_family = 'resident' and not has_birth_date then 'bad_date'
            when document_family = 'resident' then 'bad_check_digit'
            when
                document_family = 'organization'
                and {{ regex_matches('document_number', '^([0-9A-Z]{18}|[0-9A-Z]{8}[0-9X]|[0-9]{15})$') }}
                then 'bad_check_digit'
            else 'bad_format'
        end as document_issue
    from keyed
),

-- a doubt about a valid number; the region of a foreign permanent resident's card is a province and a country
warned as (
    select
        judged.*,
        case
            when not judged.says_birth then null
            when left(judged.document_key, 2) = 'R:' and region_code.code is null then 'unknown_region'
            when judged.resident_birth_date < {{ business_day() }} - interval 120 year then 'implausible_age'
            when judged.was_short then 'fifteen_digits'
        end as document_warning
    from judged
    left join region_code on substr(judged.document_number, 1, 6) = region_code.code
),

int_party__document_standardised as (
    select
        claim_id,
        record_id,
        origin,
        document_type,
        document_number_raw,
        document_number,
        document_key,
        document_is_valid,
        document_issue,
        document_warning,
        valid_from,
        valid_to,
        handled_date,
        case when says_birth then resident_birth_date end as birth_date_document,
        case when says_birth then {{ resident_id_sex('document_number') }} end as sex_document,
        case when is_uscc then document_number end as uscc,
        case
            when is_organization_code then document_number
            when is_uscc and {{ organization_code_holds('substr(document_number, 9, 9)') }}
                then substr(document_number, 9, 9)
            when not coalesce(is_registry_number, false) then code_of_tax_number
        end as organization_code,
        case when is_registry_number then document_number end as registry_number
    from warned
)

select * from int_party__document_standardised
