{{ config(materialized='table') }}

with renewals as (
    select * from {{ ref('stg_counter__identity_renewal') }}
),

changes as (
    select * from {{ ref('stg_counter__info_change') }}
),

forms as (
    select * from {{ ref('stg_counter__signed_form') }}
),

visits as (
    select
        'counter:renewal:' || renewal_id as interaction_id,
        customer_no,
        'identity_renewal' as interaction_type,
        handled_date,
        branch_code
    from renewals
    union all
    select
        'counter:change:' || change_id as interaction_id,
        customer_no,
        'info_change' as interaction_type,
        handled_date,
        branch_code
    from changes
    union all
    select
        'counter:form:' || form_id as interaction_id,
        customer_no,
        'signed_form' as interaction_type,
        signed_date as handled_date,
        branch_code
    from forms
),

int_c360__counter as (
    select
        'counter' as channel,
        interaction_type,
        cast(handled_date as timestamp) as occurred_at,
        'counter' as source,
        cast(null as varchar) as note_id,
        branch_code,
        interaction_id,
        'core:' || customer_no as record_id
    from visits
)

select * from int_c360__counter
