with code_use__counter as (
    {{ codes_in_use('counter', 'identity_renewal', {'document_type': 'cert_type'}) }}
    union all
    {{ codes_in_use('counter', 'info_change', {'change_item': 'item'}) }}
)

select * from code_use__counter
