{{ config(materialized='table') }}

with loans as (
    select * from {{ ref('stg_credit__loan') }}
),

-- a settled loan is closed and owes no days
settled as (
    select
        loan_no,
        applicant_no,
        product,
        balance,
        started_date,
        branch_code,
        case status when 'settled' then 'closed' when 'normal' then 'active' else status end as account_status,
        case when status = 'settled' then 0 else coalesce(overdue_days, 0) end as days_late
    from loans
),

int_c360__loan as (
    select
        loan_no as account_number,
        'credit' as source,
        'CNY' as currency,
        cast(null as decimal(18, 2)) as balance_before,
        started_date as opened_date,
        cast(null as varchar) as account_class,
        branch_code,
        account_status as status,
        days_late as overdue_days,
        'loan' as account_kind,
        product,
        coalesce(balance, 0) as balance,
        'credit:' || loan_no as account_key,
        'credit:' || applicant_no as record_id
    from settled
)

select * from int_c360__loan
