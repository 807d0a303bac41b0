with raw_repayment as (
    select *
    from {{ source('credit', 'repayment') }}
    where _deleted_as_of is null
),

stg_credit__repayment as (
    select
        {{ clean_code('raw_repayment.loan_no') }} as loan_no,
        {{ to_integer('raw_repayment.period') }} as period,
        {{ to_date('raw_repayment.due_dt') }} as due_date,
        {{ to_decimal('raw_repayment.due_amt') }} as due_amount,
        {{ to_date('raw_repayment.paid_dt') }} as paid_date,
        {{ to_decimal('raw_repayment.paid_amt') }} as paid_amount,
        raw_repayment._source_file,
        raw_repayment._row_number,
        raw_repayment._as_of,
        raw_repayment._delivery
    from raw_repayment
)

select * from stg_credit__repayment
