{{ config(materialized='table', contract={'enforced': true}) }}

with xref as (
    select * from {{ ref('golden_xref') }}
),

published_customer_xref as (
    select
        {{ mask_column('customer_xref', 'record_id', 'xref.record_id') }},
        {{ mask_column('customer_xref', 'source', 'xref.source') }},
        {{ mask_column('customer_xref', 'golden_id', 'xref.golden_id') }},
        {{ mask_column('customer_xref', 'party_type', 'xref.party_type') }},
        {{ mask_column('customer_xref', 'valid_from', 'xref.valid_from') }},
        {{ mask_column('customer_xref', 'branch_code', 'xref.branch_code') }},
        {{ mask_column('customer_xref', 'as_of', business_day()) }},
        {{ mask_column('customer_xref', 'run_id', published_run_id()) }},
        {{ mask_column('customer_xref', 'source_freshness', 'xref.source_freshness') }}
    from xref
)

select * from published_customer_xref
