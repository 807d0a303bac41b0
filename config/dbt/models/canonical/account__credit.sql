with loan as (
    select * from {{ ref('stg_credit__loan') }}
),

account__credit as (
    select
        'credit' as source,
        loan_no as account_number,
        'loan' as account_kind,
        product,
        'CNY' as currency,
        balance,
        started_date as opened_date,
        branch_code,
        {{ record_id('credit', 'applicant_no') }} as record_id,
        -- a settled loan is closed and owes no days
        case status when 'settled' then 'closed' when 'normal' then 'active' else status end as status,
        case when status = 'settled' then 0 else overdue_days end as overdue_days
    from loan
)

select * from account__credit
