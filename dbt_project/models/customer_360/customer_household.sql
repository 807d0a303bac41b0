{{ config(materialized='table') }}

-- strong evidence only: a name with a mobile or an address alone makes no household
with recursive edge as (
    select distinct
        golden_id,
        related_golden_id
    from {{ ref('customer_relation') }}
    where
        relation_type in ('spouse', 'household')
        and evidence in ('decision', 'record', 'document', 'name_and_address')
),

reached (golden_id, member_id) as (
    select
        golden_id,
        golden_id as member_id
    from edge
    union
    select
        reached.golden_id,
        edge.related_golden_id as member_id
    from reached
    inner join edge on reached.member_id = edge.golden_id
),

customer_household as (
    select
        golden_id,
        cast(count(*) as integer) as member_count,
        'H' || substr(min(member_id), 2) as household_id
    from reached
    group by golden_id
    order by golden_id
)

select * from customer_household
