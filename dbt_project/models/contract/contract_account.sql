with contract_account as (
    {{ contract_rows('account') }}
)

select * from contract_account
