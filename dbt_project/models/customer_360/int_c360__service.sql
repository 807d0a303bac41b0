{{ config(materialized='table') }}

with profile as (
    select * from {{ ref('int_c360__profile') }}
),

contacts as (
    select * from {{ ref('int_c360__contact_total') }}
),

complaints as (
    select * from {{ ref('int_c360__complaint_total') }}
),

mobile_bank as (
    select * from {{ ref('int_c360__mobile_bank') }}
),

suitability as (
    select * from {{ ref('int_c360__suitability') }}
),

unsuitable as (
    select * from {{ ref('int_c360__unsuitable_holding') }}
),

kyc as (
    select * from {{ ref('int_c360__kyc') }}
),

int_c360__service as (
    select
        profile.golden_id,
        contacts.last_contact_date,
        suitability.risk_level,
        suitability.risk_valid_to,
        kyc.kyc_filled_count,
        kyc.kyc_missing,
        mobile_bank.golden_id is not null as has_mobile_bank,
        coalesce(contacts.login_days, 0) as login_days,
        coalesce(complaints.complaint_count, 0) as complaint_count,
        coalesce(complaints.open_complaint_count, 0) as open_complaint_count,
        coalesce(suitability.risk_is_valid, false) as risk_is_valid,
        coalesce(unsuitable.unsuitable_holding_count, 0) as unsuitable_holding_count
    from profile
    left join contacts on profile.golden_id = contacts.golden_id
    left join complaints on profile.golden_id = complaints.golden_id
    left join mobile_bank on profile.golden_id = mobile_bank.golden_id
    left join suitability on profile.golden_id = suitability.golden_id
    left join unsuitable on profile.golden_id = unsuitable.golden_id
    left join kyc on profile.golden_id = kyc.golden_id
)

select * from int_c360__service
