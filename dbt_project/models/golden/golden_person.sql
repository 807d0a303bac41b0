{{ config(materialized='table', contract={'enforced': true}) }}

with customers as (
    select *
    from {{ ref('int_golden__customer') }}
    where party_type = 'person'
),

chosen as (
    select *
    from {{ ref('int_golden__chosen') }}
    where party_type = 'person'
),

survived as (
    select
        golden_id,
        {{ golden_pivot('person') }}
    from chosen
    group by golden_id
),

golden_person as (
    select
        customers.golden_id,
        survived.name,
        survived.former_name,
        survived.latin_name,
        survived.document_type,
        survived.document_number,
        survived.document_expiry,
        survived.document_is_valid,
        survived.birth_date,
        survived.sex,
        survived.nationality,
        survived.mobile,
        survived.phone,
        survived.email,
        survived.address,
        survived.province,
        survived.city,
        survived.district,
        survived.employer,
        survived.occupation,
        survived.spouse_name,
        survived.branch_code,
        survived.is_verified,
        survived.opened_date,
        customers.record_count,
        customers.source_count,
        customers.updated_at,
        customers.source_freshness
    from customers
    left join survived on customers.golden_id = survived.golden_id
)

select * from golden_person
