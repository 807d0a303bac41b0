with contract_document_renewal as (
    {{ contract_rows('document_renewal') }}
)

select * from contract_document_renewal
