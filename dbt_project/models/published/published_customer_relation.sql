{{ config(materialized='table', contract={'enforced': true}) }}

with relations as (
    select * from {{ ref('customer_relation') }}
),

profile as (
    select * from {{ ref('customer_360') }}
),

published_customer_relation as (
    select
        {{ mask_column('customer_relation', 'golden_id', 'relations.golden_id') }},
        {{ mask_column('customer_relation', 'related_golden_id', 'relations.related_golden_id') }},
        {{ mask_column('customer_relation', 'relation_type', 'relations.relation_type') }},
        {{ mask_column('customer_relation', 'origin', 'relations.origin') }},
        {{ mask_column('customer_relation', 'evidence', 'relations.evidence') }},
        {{ mask_column('customer_relation', 'source', 'relations.source') }},
        {{ mask_column('customer_relation', 'share_ratio', 'relations.share_ratio') }},
        {{ mask_column('customer_relation', 'since', 'relations.since') }},
        {{ mask_column('customer_relation', 'is_mutual', 'relations.is_mutual') }},
        {{ mask_column('customer_relation', 'branch_code', 'profile.branch_code') }},
        {{ mask_column('customer_relation', 'as_of', business_day()) }},
        {{ mask_column('customer_relation', 'run_id', published_run_id()) }},
        {{ mask_column('customer_relation', 'source_freshness', 'profile.source_freshness') }}
    from relations
    inner join profile on relations.golden_id = profile.golden_id
)

select * from published_customer_relation
