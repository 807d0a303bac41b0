with assessment as (
    select * from {{ ref('stg_wealth__risk_assessment') }}
),

risk_assessment__wealth as (
    select
        'wealth' as source,
        assessment_id as assessment_key,
        assessed_date,
        level,
        valid_to,
        {{ record_id('wealth', 'customer_no') }} as record_id
    from assessment
)

select * from risk_assessment__wealth
