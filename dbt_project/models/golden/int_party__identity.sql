{{ config(materialized='view') }}

-- The matching step runs between these two; naming the records it read keeps the lineage graph whole.
-- depends_on: {{ ref('int_party__record') }}

with party_identity as (
    select * from {{ source('matching', 'party_identity') }}
),

int_party__identity as (
    select
        record_id,
        golden_id,
        valid_from
    from party_identity
    where valid_to is null
)

select * from int_party__identity
