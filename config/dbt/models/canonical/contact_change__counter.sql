with info_change as (
    select * from {{ ref('stg_counter__info_change') }}
),

contact_change__counter as (
    select
        'counter' as source,
        change_id as change_key,
        item as kind,
        old_value,
        new_value,
        handled_date,
        {{ record_id('core', 'customer_no') }} as record_id
    from info_change
    where item in ('mobile', 'address')
)

select * from contact_change__counter
