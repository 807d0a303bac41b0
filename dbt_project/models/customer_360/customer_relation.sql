{{ config(materialized='table') }}

with candidate as (
    select *
    from {{ ref('int_relation__candidate') }}
    where reason = 'resolved'
),

identity as (
    select * from {{ ref('int_party__identity') }}
),

decision as (
    select *
    from {{ source('steward', 'steward_decision') }}
    where verdict in ('same_apart', 'related')
),

stated as (
    select
        golden_id,
        related_golden_id,
        relation_type,
        'stated' as origin,
        evidence,
        source,
        share_ratio,
        since,
        relation_type in ('spouse', 'household', 'other') as is_mutual
    from candidate
),

-- a steward says that two are related, not which of them is the guarantor: both directions are kept
decided as (
    select
        one.golden_id,
        two.golden_id as related_golden_id,
        case
            when decision.verdict = 'same_apart' then 'same_party'
            when
                decision.reason in ('spouse', 'household', 'guarantor', 'legal_representative', 'same_controller')
                then decision.reason
            else 'other'
        end as relation_type,
        'steward' as origin,
        'decision' as evidence,
        'steward' as source,
        cast(null as decimal(12, 6)) as share_ratio,
        cast(decision.decided_at as date) as since,
        true as is_mutual
    from decision
    inner join identity as one on decision.record_id_l = one.record_id
    inner join identity as two on decision.record_id_r = two.record_id
    where one.golden_id <> two.golden_id
),

forward as (
    select * from stated
    union all
    select * from decided
),

directed as (
    select * from forward
    union all
    select
        related_golden_id as golden_id,
        golden_id as related_golden_id,
        relation_type,
        origin,
        evidence,
        source,
        share_ratio,
        since,
        is_mutual
    from forward
    where is_mutual
),

ranked as (
    select
        *,
        cast(count(*) over (partition by golden_id, related_golden_id, relation_type) as integer) as statement_count,
        row_number() over (
            partition by golden_id, related_golden_id, relation_type
            order by
                case evidence when 'decision' then 0 when 'record' then 1 when 'document' then 2 else 3 end asc,
                evidence asc, source asc, since desc nulls last, share_ratio desc nulls last
        ) as place
    from directed
),

customer_relation as (
    select
        golden_id,
        related_golden_id,
        relation_type,
        origin,
        evidence,
        source,
        share_ratio,
        since,
        is_mutual,
        statement_count
    from ranked
    where place = 1
    order by golden_id, related_golden_id, relation_type
)

select * from customer_relation
