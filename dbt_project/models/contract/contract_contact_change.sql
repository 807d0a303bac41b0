with contract_contact_change as (
    {{ contract_rows('contact_change') }}
)

select * from contract_contact_change
