{{ config(materialized='table') }}

with stated as (
    select * from {{ ref('int_relation__stated') }}
),

identity as (
    select * from {{ ref('int_party__identity') }}
),

fit as (
    select * from {{ ref('int_relation__fit') }}
),

subject as (
    select
        stated.*,
        identity.golden_id
    from stated
    left join identity on stated.record_id = identity.record_id
),

strongest as (
    select
        relation_key,
        strength,
        count(distinct related_golden_id) as customers,
        min(related_golden_id) as related_golden_id,
        min(evidence) as evidence
    from fit
    where evidence is not null
    group by relation_key, strength
    qualify row_number() over (partition by relation_key order by strength asc) = 1
),

named as (
    select distinct relation_key
    from fit
    where strength = 3
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
