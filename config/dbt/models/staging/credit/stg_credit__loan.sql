with raw_loan as (
    select *
    from {{ source('credit', 'loan') }}
    where _deleted_as_of is null
),

stg_credit__loan as (
    select
        {{ clean_code('raw_loan.loan_no') }} as loan_no,
        {{ clean_code('raw_loan.app_id') }} as applicant_no,
        {{ clean_code('raw_loan.product') }} as product,
        {{ to_decimal('raw_loan.principal') }} as principal,
        {{ to_decimal('raw_loan.balance') }} as balance,
        {{ to_rate('raw_loan.rate') }} as rate,
        {{ to_date('raw_loan.start_dt') }} as started_date,
        {{ to_date('raw_loan.end_dt') }} as ends_date,
        {{ clean_code('raw_loan.status') }} as status,
        {{ to_integer('raw_loan.overdue_days') }} as overdue_days,
        {{ clean_code('raw_loan.branch_no') }} as branch_code,
        raw_loan._source_file,
        raw_loan._row_number,
        raw_loan._as_of,
        raw_loan._delivery
    from raw_loan
)

select * from stg_credit__loan
