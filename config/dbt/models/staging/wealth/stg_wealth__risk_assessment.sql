with raw_risk_assessment as (
    select *
    from {{ source('wealth', 'risk_assessment') }}
    where _deleted_as_of is null
),

stg_wealth__risk_assessment as (
    select
        {{ clean_code('raw_risk_assessment.assess_id') }} as assessment_id,
        {{ clean_code('raw_risk_assessment.wm_cust_no') }} as customer_no,
        {{ to_date('raw_risk_assessment.assess_dt') }} as assessed_date,
        {{ to_integer('raw_risk_assessment.score') }} as score,
        {{ clean_code('raw_risk_assessment.level') }} as level,
        {{ to_date('raw_risk_assessment.valid_to') }} as valid_to,
        {{ clean_code('raw_risk_assessment.channel') }} as channel,
        raw_risk_assessment._source_file,
        raw_risk_assessment._row_number,
        raw_risk_assessment._as_of,
        raw_risk_assessment._delivery
    from raw_risk_assessment
)

select * from stg_wealth__risk_assessment
