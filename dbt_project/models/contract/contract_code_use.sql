with contract_code_use as (
    {{ contract_rows('code_use') }}
)

select * from contract_code_use
