with raw_account as (
    select *
    from {{ source('core', 'account') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'core'
),

stg_core__account as (
    select
        {{ clean_code('raw_account.acct_no') }} as account_no,
        {{ clean_code('raw_account.cust_no') }} as customer_no,
        {{ clean_code('raw_account.acct_class') }} as account_class,
        {{ clean_code('raw_account.acct_kind') }} as account_kind,
        {{ clean_code('raw_account.ccy') }} as currency,
        {{ to_date('raw_account.open_dt') }} as opened_date,
        {{ to_date('raw_account.close_dt') }} as closed_date,
        {{ mapped_code('raw_account.status_cd', 'account_status_map.code') }} as status,
        {{ clean_code('raw_account.branch_no') }} as branch_code,
        {{ clean_code('raw_account.card_no') }} as debit_card_number,
        raw_account._source_file,
        raw_account._row_number,
        raw_account._as_of,
        raw_account._delivery
    from raw_account
    left join code_map as account_status_map
        on
            account_status_map.code_set = 'account_status'
            and {{ clean_code('raw_account.status_cd') }} = account_status_map.source_code
)

select * from stg_core__account
