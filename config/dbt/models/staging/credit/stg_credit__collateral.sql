with raw_collateral as (
    select *
    from {{ source('credit', 'collateral') }}
    where _deleted_as_of is null
),

stg_credit__collateral as (
    select
        {{ clean_code('raw_collateral.coll_no') }} as collateral_no,
        {{ clean_code('raw_collateral.loan_no') }} as loan_no,
        {{ clean_text('raw_collateral.kind') }} as kind,
        {{ to_decimal('raw_collateral.value') }} as value,
        {{ clean_text('raw_collateral.owner_name') }} as owner_name,
        raw_collateral._source_file,
        raw_collateral._row_number,
        raw_collateral._as_of,
        raw_collateral._delivery
    from raw_collateral
)

select * from stg_credit__collateral
