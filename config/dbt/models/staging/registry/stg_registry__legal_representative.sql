with raw_legal_representative as (
    select *
    from {{ source('registry', 'legal_representative') }}
    where _deleted_as_of is null
),

stg_registry__legal_representative as (
    select
        {{ clean_code('raw_legal_representative.uscc') }} as uscc,
        {{ clean_text('raw_legal_representative.person_name') }} as person_name,
        {{ clean_text('raw_legal_representative.position') }} as position,
        {{ to_date('raw_legal_representative.since_dt') }} as since_date,
        raw_legal_representative._source_file,
        raw_legal_representative._row_number,
        raw_legal_representative._as_of,
        raw_legal_representative._delivery
    from raw_legal_representative
)

select * from stg_registry__legal_representative
