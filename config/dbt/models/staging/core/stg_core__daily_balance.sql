with raw_daily_balance as (
    select *
    from {{ source('core', 'daily_balance') }}
    where _deleted_as_of is null
),

stg_core__daily_balance as (
    select
        {{ clean_code('raw_daily_balance.acct_no') }} as account_no,
        {{ to_date('raw_daily_balance.bal_dt') }} as balance_date,
        {{ to_decimal('raw_daily_balance.bal') }} as balance,
        raw_daily_balance._source_file,
        raw_daily_balance._row_number,
        raw_daily_balance._as_of,
        raw_daily_balance._delivery
    from raw_daily_balance
)

select * from stg_core__daily_balance
