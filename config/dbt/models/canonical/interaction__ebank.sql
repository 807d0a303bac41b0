with event as (
    select * from {{ ref('stg_ebank__event') }}
),

bank_user as (
    select * from {{ ref('stg_ebank__user') }}
),

login_day as (
    -- one row per user and day: logins come by the dozen
    select
        user_no,
        cast(occurred_at as date) as login_date,
        max(occurred_at) as occurred_at
    from event
    where event_type = 'login'
    group by user_no, cast(occurred_at as date)
),

interaction__ebank as (
    select
        'ebank' as source,
        'ebank' as channel,
        'login' as interaction_type,
        login_day.occurred_at,
        bank_user.branch_code,
        'login:' || login_day.user_no || ':' || cast(login_day.login_date as varchar) as interaction_key,
        {{ record_id('ebank', 'login_day.user_no') }} as record_id
    from login_day
    left join bank_user on login_day.user_no = bank_user.user_no
)

select * from interaction__ebank
