with contract_product as (
    {{ contract_rows('product') }}
)

select * from contract_product
