with account as (
    select * from {{ ref('stg_core__account') }}
),

account__core as (
    select
        'core' as source,
        account_no as account_number,
        currency,
        opened_date,
        status,
        account_class,
        branch_code,
        {{ record_id('core', 'customer_no') }} as record_id,
        case when account_kind = 'time' then 'time_deposit' else 'deposit' end as account_kind,
        case
            when account_class is null then account_kind
            else account_kind || ' class ' || account_class
        end as product
    from account
)

select * from account__core
