{{ config(materialized='table', contract={'enforced': true}) }}

with profile as (
    select * from {{ ref('customer_360') }}
),

published_customer_360 as (
    select
        {{ mask_column('customer_360', 'golden_id', 'profile.golden_id') }},
        {{ mask_column('customer_360', 'party_type', 'profile.party_type') }},
        {{ mask_column('customer_360', 'tier', 'profile.tier') }},
        {{ mask_column('customer_360', 'customer_since', 'profile.customer_since') }},
        {{ mask_column('customer_360', 'deposit_balance', 'profile.deposit_balance') }},
        {{ mask_column('customer_360', 'wealth_value', 'profile.wealth_value') }},
        {{ mask_column('customer_360', 'loan_balance', 'profile.loan_balance') }},
        {{ mask_column('customer_360', 'card_balance', 'profile.card_balance') }},
        {{ mask_column('customer_360', 'aum', 'profile.aum') }},
        {{ mask_column('customer_360', 'account_count', 'profile.account_count') }},
        {{ mask_column('customer_360', 'active_account_count', 'profile.active_account_count') }},
        {{ mask_column('customer_360', 'holding_count', 'profile.holding_count') }},
        {{ mask_column('customer_360', 'loan_count', 'profile.loan_count') }},
        {{ mask_column('customer_360', 'card_count', 'profile.card_count') }},
        {{ mask_column('customer_360', 'product_count', 'profile.product_count') }},
        {{ mask_column('customer_360', 'has_deposit', 'profile.has_deposit') }},
        {{ mask_column('customer_360', 'has_time_deposit', 'profile.has_time_deposit') }},
        {{ mask_column('customer_360', 'has_wealth', 'profile.has_wealth') }},
        {{ mask_column('customer_360', 'has_loan', 'profile.has_loan') }},
        {{ mask_column('customer_360', 'has_credit_card', 'profile.has_credit_card') }},
        {{ mask_column('customer_360', 'has_mobile_bank', 'profile.has_mobile_bank') }},
        {{ mask_column('customer_360', 'has_wage_credit', 'profile.has_wage_credit') }},
        {{ mask_column('customer_360', 'overdue_days', 'profile.overdue_days') }},
        {{ mask_column('customer_360', 'risk_level', 'profile.risk_level') }},
        {{ mask_column('customer_360', 'risk_valid_to', 'profile.risk_valid_to') }},
        {{ mask_column('customer_360', 'risk_is_valid', 'profile.risk_is_valid') }},
        {{ mask_column('customer_360', 'transaction_count', 'profile.transaction_count') }},
        {{ mask_column('customer_360', 'inflow', 'profile.inflow') }},
        {{ mask_column('customer_360', 'outflow', 'profile.outflow') }},
        {{ mask_column('customer_360', 'last_transaction_date', 'profile.last_transaction_date') }},
        {{ mask_column('customer_360', 'last_contact_date', 'profile.last_contact_date') }},
        {{ mask_column('customer_360', 'complaint_count', 'profile.complaint_count') }},
        {{ mask_column('customer_360', 'open_complaint_count', 'profile.open_complaint_count') }},
        {{ mask_column('customer_360', 'kyc_is_complete', 'profile.kyc_is_complete') }},
        {{ mask_column('customer_360', 'branch_code', 'profile.branch_code') }},
        {{ mask_column('customer_360', 'as_of', business_day()) }},
        {{ mask_column('customer_360', 'run_id', published_run_id()) }},
        {{ mask_column('customer_360', 'source_freshness', 'profile.source_freshness') }}
    from profile
)

select * from published_customer_360
