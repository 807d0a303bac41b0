with party as (
    select * from {{ ref('contract_party') }}
),

int_party__source_record as (
    select
        source,
        source_key,
        branch_code,
        name,
        former_name,
        latin_name,
        document_type,
        document_number,
        document_expiry,
        birth_date,
        sex,
        nationality,
        mobile,
        mobile_second,
        phone,
        email,
        address,
        employer,
        occupation,
        spouse_name,
        spouse_document_number,
        registry_number,
        legal_representative_name,
        industry,
        is_verified,
        opened_date,
        updated_at,
        concat(source, ':', source_key) as record_id,
        case
            when party_type in ('person', 'organization') then party_type
            when document_type in ('uscc', 'organization_code', 'registry_number') then 'organization'
            else 'person'
        end as party_type
    from party
    where source_key is not null
)

select * from int_party__source_record
