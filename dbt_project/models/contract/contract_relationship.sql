with contract_relationship as (
    {{ contract_rows('relationship') }}
)

select * from contract_relationship
