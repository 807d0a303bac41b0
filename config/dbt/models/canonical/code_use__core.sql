with code_use__core as (
    {{ codes_in_use('core', 'customer', {
        'party_type': 'cust_typ',
        'document_type': 'cert_typ',
        'sex': 'sex_cd',
        'customer_status': 'status_cd',
    }) }}
    union all
    {{ codes_in_use('core', 'account', {'account_status': 'status_cd'}) }}
    union all
    {{ codes_in_use('core', 'transaction', {'direction': 'dc_flg'}) }}
)

select * from code_use__core
