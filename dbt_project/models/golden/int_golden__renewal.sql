{{ config(materialized='view') }}

with documents as (
    select * from {{ ref('int_party__document') }}
),

-- only records the counter knows a renewal of: their newest document is the one in force
renewed_records as (
    select distinct record_id
    from documents
    where origin = 'renewal' or valid_from is not null
),

ordered as (
    select
        documents.*,
        row_number() over (
            partition by documents.record_id
            order by documents.valid_from desc nulls last, documents.document_key asc
        ) as place
    from documents
    inner join renewed_records on documents.record_id = renewed_records.record_id
),

int_golden__renewal as (
    select
        record_id,
        document_key,
        document_type,
        document_number,
        valid_from,
        valid_to,
        origin,
        place = 1 as is_in_force
    from ordered
)

select * from int_golden__renewal
