with contract_interaction as (
    {{ contract_rows('interaction') }}
)

select * from contract_interaction
