with contract_transaction as (
    {{ contract_rows('transaction') }}
)

select * from contract_transaction
