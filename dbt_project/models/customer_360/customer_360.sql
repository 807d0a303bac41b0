{{ config(materialized='table', contract={'enforced': true}) }}

with profile as (
    select * from {{ ref('int_c360__profile') }}
),

money as (
    select * from {{ ref('int_c360__money') }}
),

service as (
    select * from {{ ref('int_c360__service') }}
),

customer_360 as (
    select
        profile.golden_id,
        profile.party_type,
        profile.branch_code,
        profile.age,
        profile.opened_date as customer_since,
        {{ golden_days('profile.opened_date', business_day()) }} as customer_days,
        {{ golden_tier('money.aum') }} as tier,
        money.aum,
        money.deposit_balance,
        money.deposit_balance_before,
        money.wealth_value,
        money.loan_balance,
        money.card_balance,
        money.account_count,
        money.active_account_count,
        money.class_i_account_count,
        money.unconverted_account_count,
        money.holding_count,
        money.loan_count,
        money.overdue_days,
        money.card_count,
        money.has_deposit,
        money.has_time_deposit,
        money.holding_count > 0 as has_wealth,
        money.loan_count > 0 as has_loan,
        money.card_count > 0 as has_credit_card,
        service.has_mobile_bank,
        cast(money.has_deposit as integer) + cast(money.has_time_deposit as integer)
        + cast(money.holding_count > 0 as integer) + cast(money.loan_count > 0 as integer)
        + cast(money.card_count > 0 as integer) + cast(service.has_mobile_bank as integer) as product_count,
        money.has_wage_credit,
        money.transaction_count,
        money.inflow,
        money.outflow,
        money.last_transaction_date,
        {{ golden_days('money.last_transaction_date', business_day()) }} as days_since_transaction,
        service.last_contact_date,
        {{ golden_days('service.last_contact_date', business_day()) }} as days_since_contact,
        service.login_days,
        service.complaint_count,
        service.open_complaint_count,
        service.risk_level,
        service.risk_valid_to,
        service.risk_is_valid,
        service.unsuitable_holding_count,
        profile.document_days_left,
        service.kyc_filled_count,
        service.kyc_missing,
        service.kyc_filled_count = 9 as kyc_is_complete,
        profile.record_count,
        profile.source_count,
        profile.source_freshness
    from profile
    inner join money on profile.golden_id = money.golden_id
    inner join service on profile.golden_id = service.golden_id
)

select * from customer_360
