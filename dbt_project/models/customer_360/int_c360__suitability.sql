{{ config(materialized='table') }}

with assessments as (
    select *
    from {{ ref('contract_risk_assessment') }}
    where assessed_date <= {{ business_day() }}
),

xref as (
    select * from {{ ref('golden_xref') }}
),

ranked as (
    select
        xref.golden_id,
        assessments.level,
        assessments.valid_to,
        assessments.valid_to >= {{ business_day() }} as is_valid,
        row_number() over (
            partition by assessments.record_id
            order by assessments.assessed_date desc, assessments.level asc, assessments.assessment_key asc
        ) as place
    from assessments
    inner join xref on assessments.record_id = xref.record_id
),

-- of several investor numbers of one customer: a valid assessment before an expired one, then the more careful
-- level, then the one that ends first (NFRA Order 2025 No. 7 asks for one rating per investor)
ordered as (
    select
        *,
        row_number() over (
            partition by golden_id
            order by case when is_valid then 0 else 1 end, level, valid_to
        ) as choice
    from ranked
    where place = 1
),

int_c360__suitability as (
    select
        golden_id,
        level as risk_level,
        valid_to as risk_valid_to,
        coalesce(is_valid, false) as risk_is_valid
    from ordered
    where choice = 1
)

select * from int_c360__suitability
