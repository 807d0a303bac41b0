with contract_party as (
    {{ contract_rows('party') }}
)

select * from contract_party
