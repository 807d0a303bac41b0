with contract_holding as (
    {{ contract_rows('holding') }}
)

select * from contract_holding
