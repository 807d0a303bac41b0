with code_use__wealth as (
    {{ codes_in_use('wealth', 'customer', {'document_type': 'id_type', 'sex': 'sex'}) }}
)

select * from code_use__wealth
