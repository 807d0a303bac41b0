{{ config(materialized='table') }}

with stated as (
    select * from {{ ref('int_relation__stated') }}
),

identity as (
    select * from {{ ref('int_party__identity') }}
),

record as (
    select * from {{ ref('int_party__record') }}
),

document as (
    select * from {{ ref('int_party__document') }}
),

member as (
    select
        record.*,
        identity.golden_id
    from record
    inner join identity on record.record_id = identity.record_id
),

customer_document as (
    select distinct
        identity.golden_id,
        document.document_key
    from document
    inner join identity on document.record_id = identity.record_id
),

subject as (
    select
        stated.*,
        identity.golden_id
    from stated
    left join identity on stated.record_id = identity.record_id
),

-- who the related party can be, by each kind of evidence; 1 is the strongest
by_record as (
    select distinct
        subject.relation_key,
        identity.golden_id as related_golden_id,
        1 as strength,
        'record' as evidence
    from subject
    inner join identity on subject.related_record_id = identity.record_id
),

by_document as (
    select distinct
        subject.relation_key,
        customer_document.golden_id as related_golden_id,
        2 as strength,
        'document' as evidence
    from subject
    inner join customer_document on subject.related_document_key = customer_document.document_key
),

-- a namesake with another number of the same kind is somebody else
namesake as (
    select
        subject.relation_key,
        subject.relation_type,
        subject.golden_id,
        subject.related_mobile,
        member.golden_id as related_golden_id,
        member.mobile,
        member.mobile_second,
        member.address,
        member.address_detail,
        member.employer,
        member.spouse_name
    from subject
    inner join member on subject.related_name = member.name and subject.golden_id <> member.golden_id
    where
        member.party_type = 'person'
        and not exists (
            select 1
            from customer_document
            where
                customer_document.golden_id = member.golden_id
                and left(customer_document.document_key, 2) = left(subject.related_document_key, 2)
                and customer_document.document_key <> subject.related_document_key
        )
),

-- without evidence: only the name agrees
by_name as (
    select distinct
        namesake.relation_key,
        namesake.related_golden_id,
        3 as strength,
        case
            when namesake.related_mobile in (namesake.mobile, namesake.mobile_second) then 'name_and_mobile'
            when namesake.address_detail is not null and namesake.address = about.address then 'name_and_address'
            when namesake.relation_type = 'spouse' and namesake.spouse_name = about.name then 'name_and_spouse'
            when about.party_type = 'organization' and namesake.employer = about.name then 'name_and_employer'
        end as evidence
    from namesake
    inner join member as about on namesake.golden_id = about.golden_id
),

int_relation__fit as (
    select * from by_record
    union all
    select * from by_document
    union all
    select * from by_name
)

select * from int_relation__fit
