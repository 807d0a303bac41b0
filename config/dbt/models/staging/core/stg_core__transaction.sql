with raw_transaction as (
    select *
    from {{ source('core', 'transaction') }}
    where _deleted_as_of is null
),

code_map as (
    select *
    from {{ ref('ref_code_map') }}
    where source = 'core'
),

stg_core__transaction as (
    select
        {{ clean_code('raw_transaction.txn_id') }} as transaction_id,
        {{ clean_code('raw_transaction.acct_no') }} as account_no,
        {{ to_timestamp('raw_transaction.txn_tm') }} as occurred_at,
        {{ to_decimal('raw_transaction.amt') }} as amount,
        {{ mapped_code('raw_transaction.dc_flg', 'direction_map.code') }} as direction,
        {{ clean_code('raw_transaction.txn_typ') }} as transaction_type,
        {{ clean_code('raw_transaction.channel') }} as channel,
        {{ clean_text('raw_transaction.cpty_nm') }} as counterparty_name,
        {{ clean_code('raw_transaction.cpty_acct') }} as counterparty_account,
        {{ clean_text('raw_transaction.memo') }} as memo,
        raw_transaction._source_file,
        raw_transaction._row_number,
        raw_transaction._as_of,
        raw_transaction._delivery
    from raw_transaction
    left join code_map as direction_map
        on
            direction_map.code_set = 'direction'
            and {{ clean_code('raw_transaction.dc_flg') }} = direction_map.source_code
)

select * from stg_core__transaction
