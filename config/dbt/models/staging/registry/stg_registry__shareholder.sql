with raw_shareholder as (
    select *
    from {{ source('registry', 'shareholder') }}
    where _deleted_as_of is null
),

stg_registry__shareholder as (
    select
        {{ clean_code('raw_shareholder.uscc') }} as uscc,
        {{ clean_text('raw_shareholder.holder_name') }} as holder_name,
        {{ clean_code('raw_shareholder.holder_type') }} as holder_type,
        {{ clean_code('raw_shareholder.holder_uscc') }} as holder_uscc,
        {{ to_rate('raw_shareholder.share_ratio') }} as share_ratio,
        raw_shareholder._source_file,
        raw_shareholder._row_number,
        raw_shareholder._as_of,
        raw_shareholder._delivery
    from raw_shareholder
)

select * from stg_registry__shareholder
