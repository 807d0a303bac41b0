{{ config(materialized='view') }}

with applicant as (
    select * from {{ ref('stg_credit__applicant') }}
),

int_party__credit as (
    select
        'credit' as source,
        applicant_no as source_key,
        branch_code,
        name,
        cast(null as varchar) as former_name,
        cast(null as varchar) as latin_name,
        document_type,
        document_number,
        cast(null as date) as document_expiry,
        cast(null as date) as birth_date,
        sex,
        cast(null as varchar) as nationality,
        mobile,
        mobile_second,
        phone,
        cast(null as varchar) as email,
        address,
        employer,
        cast(null as varchar) as occupation,
        spouse_name,
        spouse_document_number,
        cast(null as varchar) as registry_number,
        legal_representative_name,
        cast(null as boolean) as is_verified,
        applied_date as opened_date,
        updated_at,
        concat('credit:', applicant_no) as record_id,
        case
            when party_type in ('person', 'organization') then party_type
            when document_type in ('uscc', 'organization_code', 'registry_number') then 'organization'
            else 'person'
        end as party_type
    from applicant
    where applicant_no is not null
)

select * from int_party__credit
