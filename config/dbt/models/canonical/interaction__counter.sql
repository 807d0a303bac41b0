with renewal as (
    select * from {{ ref('stg_counter__identity_renewal') }}
),

info_change as (
    select * from {{ ref('stg_counter__info_change') }}
),

signed_form as (
    select * from {{ ref('stg_counter__signed_form') }}
),

visit as (
    select
        'renewal:' || renewal_id as interaction_key,
        customer_no,
        'identity_renewal' as interaction_type,
        handled_date,
        branch_code
    from renewal
    union all
    select
        'change:' || change_id as interaction_key,
        customer_no,
        'info_change' as interaction_type,
        handled_date,
        branch_code
    from info_change
    union all
    select
        'form:' || form_id as interaction_key,
        customer_no,
        'signed_form' as interaction_type,
        signed_date as handled_date,
        branch_code
    from signed_form
),

interaction__counter as (
    select
        'counter' as source,
        interaction_key,
        'counter' as channel,
        interaction_type,
        cast(handled_date as timestamp) as occurred_at,
        branch_code,
        {{ record_id('core', 'customer_no') }} as record_id
    from visit
)

select * from interaction__counter
