with code_use__credit as (
    {{ codes_in_use('credit', 'applicant', {'party_type': 'app_typ', 'document_type': 'cert_type', 'sex': 'sex'}) }}
    union all
    {{ codes_in_use('credit', 'guarantor', {'document_type': 'cert_type'}) }}
)

select * from code_use__credit
