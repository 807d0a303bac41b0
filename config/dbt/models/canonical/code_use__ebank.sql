with code_use__ebank as (
    {{ codes_in_use('ebank', 'user', {'document_type': 'cert_type', 'sex': 'gender'}) }}
)

select * from code_use__ebank
