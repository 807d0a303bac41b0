with contract_balance as (
    {{ contract_rows('balance') }}
)

select * from contract_balance
