with contract_channel_enrolment as (
    {{ contract_rows('channel_enrolment') }}
)

select * from contract_channel_enrolment
