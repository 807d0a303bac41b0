with record as (
    select record_id from {{ ref('int_party__record') }}
),

standardised as (
    select *
    from {{ ref('int_party__document_standardised') }}
    where document_key is not null
),

record_document as (
    select *
    from standardised
    where origin = 'record'
),

-- the newest word of the counter on a document counts; a permit renewed under the same number goes on
ranked_renewal as (
    select
        standardised.*,
        row_number() over (
            partition by standardised.record_id, standardised.document_key
            order by standardised.handled_date desc, standardised.origin asc, standardised.claim_id asc
        ) as place,
        min(standardised.valid_from) over (
            partition by standardised.record_id, standardised.document_key
        ) as first_valid_from
    from standardised
    inner join record on standardised.record_id = record.record_id
    where standardised.origin in ('renewal_old', 'renewal_new')
),

renewal_document as (
    select *
    from ranked_renewal
    where place = 1
),

int_party__document as (
    select
        renewal_document.first_valid_from as valid_from,
        coalesce(record_document.record_id, renewal_document.record_id) as record_id,
        coalesce(record_document.document_key, renewal_document.document_key) as document_key,
        coalesce(record_document.document_type, renewal_document.document_type) as document_type,
        coalesce(record_document.document_number, renewal_document.document_number) as document_number,
        case
            when renewal_document.record_id is not null then renewal_document.valid_to
            else record_document.valid_to
        end as valid_to,
        case when record_document.record_id is not null then 'record' else 'renewal' end as origin
    from record_document
    full outer join renewal_document
        on
            record_document.record_id = renewal_document.record_id
            and record_document.document_key = renewal_document.document_key
)

select * from int_party__document
order by record_id, document_key
