with code_use__card as (
    {{ codes_in_use('card', 'cardholder', {'document_type': 'cert_typ', 'sex': 'sex'}) }}
    union all
    {{ codes_in_use('card', 'card', {'card_status': 'status'}) }}
)

select * from code_use__card
