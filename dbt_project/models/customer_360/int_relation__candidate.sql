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
    select
        subject.relation_key,
        identity.golden_id as related_golden_id,
        1 as strength,
        'record' as evidence
    from subject
    inner join identity on subject.related_record_id = identity.record_id
),

by_document as (
    select
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

by_name as (
    select
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

found as (
    select * from by_record
    union all
    select * from by_document
    union all
    select * from by_name
    where evidence is not null
),

strongest as (
    select
        relation_key,
        strength,
        count(distinct related_golden_id) as customers,
        min(related_golden_id) as related_golden_id,
        min(evidence) as evidence
    from found
    group by relation_key, strength
    qualify row_number() over (partition by relation_key order by strength asc) = 1
),

named as (
    select distinct relation_key from namesake
),

int_relation__candidate as (
    select
        subject.relation_key,
        subject.source,
        subject.record_id,
        subject.golden_id,
        subject.relation_type,
        strongest.evidence,
        subject.share_ratio,
        subject.since,
        case
            when strongest.customers = 1 and strongest.related_golden_id <> subject.golden_id
                then strongest.related_golden_id
        end as related_golden_id,
        case
            when subject.golden_id is null then 'unknown_record'
            when strongest.customers > 1 then 'several_customers'
            when strongest.related_golden_id = subject.golden_id then 'same_customer'
            when strongest.relation_key is not null then 'resolved'
            when named.relation_key is not null then 'name_only'
            else 'no_customer'
        end as reason
    from subject
    left join strongest on subject.relation_key = strongest.relation_key
    left join named on subject.relation_key = named.relation_key
)

select * from int_relation__candidate
