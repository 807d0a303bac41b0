with bank_user as (
    select * from {{ ref('stg_ebank__user') }}
),

channel_enrolment__ebank as (
    select
        'ebank' as source,
        status,
        {{ record_id('ebank', 'user_no') }} as record_id
    from bank_user
)

select * from channel_enrolment__ebank
