{{ config(materialized='view') }}

with source_record as (
    select * from {{ ref('int_party__source_record') }}
),

renewal as (
    select * from {{ ref('contract_document_renewal') }}
),

record_claim as (
    select
        record_id as claim_id,
        record_id,
        'record' as origin,
        document_type,
        document_number,
        cast(null as date) as valid_from,
        document_expiry as valid_to,
        cast(null as date) as handled_date
    from source_record
),

old_claim as (
    select
        concat('renewal:', source, ':', renewal_key, ':old') as claim_id,
        record_id,
        'renewal_old' as origin,
        document_type,
        old_document_number as document_number,
        cast(null as date) as valid_from,
        handled_date as valid_to,
        handled_date
    from renewal
),

new_claim as (
    select
        concat('renewal:', source, ':', renewal_key, ':new') as claim_id,
        record_id,
        'renewal_new' as origin,
        document_type,
        new_document_number as document_number,
        handled_date as valid_from,
        new_expiry as valid_to,
        handled_date
    from renewal
),

int_party__document_claim as (
    select * from record_claim
    union all
    select * from old_claim
    union all
    select * from new_claim
)

select * from int_party__document_claim
