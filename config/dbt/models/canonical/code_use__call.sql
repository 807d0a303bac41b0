with code_use__call as (
    {{ codes_in_use('call', 'contact', {'sex': 'sex', 'document_type': 'cert_type'}) }}
)

select * from code_use__call
