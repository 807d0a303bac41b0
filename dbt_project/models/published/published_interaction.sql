{{ config(materialized='table', contract={'enforced': true}) }}

-- The notes are masked outside of dbt (masking/notes.py); the graph shall still show where they come from:
-- depends_on: {{ ref('contract_interaction') }}
with contacts as (
    select * from {{ ref('c360_interaction') }}
),

-- a note may have been masked again on a later day, when a name in it became known
newest as (
    select
        interaction_id,
        masked_text,
        row_number() over (partition by interaction_id order by as_of desc) as recency
    from {{ source('masking', 'masked_note') }}
    where as_of <= {{ business_day() }}
),

notes as (
    select
        interaction_id,
        masked_text
    from newest
    where recency = 1
),

published_interaction as (
    select
        {{ mask_column('interaction', 'interaction_id', 'contacts.interaction_id') }},
        {{ mask_column('interaction', 'golden_id', 'contacts.golden_id') }},
        {{ mask_column('interaction', 'channel', 'contacts.channel') }},
        {{ mask_column('interaction', 'interaction_type', 'contacts.interaction_type') }},
        {{ mask_column('interaction', 'occurred_at', 'contacts.occurred_at') }},
        {{ mask_column('interaction', 'note', 'notes.masked_text') }},
        {{ mask_column('interaction', 'source', 'contacts.source') }},
        {{ mask_column('interaction', 'branch_code', 'contacts.branch_code') }},
        {{ mask_column('interaction', 'as_of', business_day()) }},
        {{ mask_column('interaction', 'run_id', published_run_id()) }},
        {{ mask_column('interaction', 'source_freshness', 'contacts.source_freshness') }}
    from contacts
    left join notes on contacts.interaction_id = notes.interaction_id
)

select * from published_interaction
