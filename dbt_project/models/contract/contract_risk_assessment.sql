with contract_risk_assessment as (
    {{ contract_rows('risk_assessment') }}
)

select * from contract_risk_assessment
