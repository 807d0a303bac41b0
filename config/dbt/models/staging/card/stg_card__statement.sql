with raw_statement as (
    select *
    from {{ source('card', 'statement') }}
    where _deleted_as_of is null
),

stg_card__statement as (
    select
        {{ clean_code('raw_statement.card_no') }} as card_number,
        {{ to_date('raw_statement.stmt_dt') }} as statement_date,
        {{ implied_decimal('raw_statement.balance') }} as balance,
        {{ implied_decimal('raw_statement.min_due') }} as minimum_due,
        {{ to_date('raw_statement.due_dt') }} as due_date,
        {{ implied_decimal('raw_statement.paid_amt') }} as paid_amount,
        raw_statement._source_file,
        raw_statement._row_number,
        raw_statement._as_of,
        raw_statement._delivery
    from raw_statement
)

select * from stg_card__statement
