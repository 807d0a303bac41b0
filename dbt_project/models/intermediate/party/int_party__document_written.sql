with claim as (
    select * from {{ ref('int_party__document_claim') }}
),

widened as (
    select
        *,
        {{ half_width('document_number') }} as wide_number,
        case
            when document_type in ('resident_id', 'household_register', 'temporary_id', 'residence_permit')
                then 'resident'
            when document_type in ('uscc', 'organization_code', 'registry_number') then 'organization'
            else document_type
        end as document_family
    from claim
),

written as (
    select
        *,
        nullif({{ document_characters('wide_number') }}, '') as written_number
    from widened
),

bodied as (
    select
        *,
        case
            when document_family in ('resident', 'foreign_permanent_resident')
                then {{ resident_id_body('written_number') }}
        end as resident_body
    from written
),

checked as (
    select
        *,
        {{ resident_id_check('resident_body') }} as resident_check
    from bodied
),

-- a 15-digit number has no check character: its upgraded form holds by construction
int_party__document_written as (
    select
        claim_id,
        record_id,
        origin,
        document_type,
        document_family,
        valid_from,
        valid_to,
        handled_date,
        document_number as document_number_raw,
        case
            when document_family = 'resident' and length(written_number) = 15 and resident_body is not null
                then concat(resident_body, resident_check)
            else written_number
        end as document_number,
        coalesce(
            resident_check = substr(written_number, 18, 1)
            or (document_family = 'resident' and length(written_number) = 15),
            false
        ) as has_resident_check,
        coalesce(document_family = 'resident' and length(written_number) = 15, false) as was_short,
        {{ document_is_filler('written_number') }} as is_filler
    from checked
)

select * from int_party__document_written
