with applicant as (
    select * from {{ ref('stg_credit__applicant') }}
),

party__credit as (
    select
        'credit' as source,
        applicant_no as source_key,
        party_type,
        branch_code,
        name,
        document_type,
        document_number,
        sex,
        mobile,
        mobile_second,
        phone,
        address,
        employer,
        spouse_name,
        spouse_document_number,
        legal_representative_name,
        applied_date as opened_date,
        updated_at
    from applicant
)

select * from party__credit
