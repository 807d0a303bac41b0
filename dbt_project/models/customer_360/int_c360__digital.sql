{{ config(materialized='table') }}

with events as (
    select * from {{ ref('stg_ebank__event') }}
),

users as (
    select * from {{ ref('stg_ebank__user') }}
),

-- one row per user and day: logins come by the dozen
days as (
    select
        user_no,
        cast(occurred_at as date) as login_date,
        max(occurred_at) as occurred_at
    from events
    where event_type = 'login'
    group by user_no, cast(occurred_at as date)
),

int_c360__digital as (
    select
        'ebank' as channel,
        'login' as interaction_type,
        days.occurred_at,
        'ebank' as source,
        cast(null as varchar) as note_id,
        users.branch_code,
        'ebank:login:' || days.user_no || ':' || cast(days.login_date as varchar) as interaction_id,
        'ebank:' || days.user_no as record_id
    from days
    left join users on days.user_no = users.user_no
)

select * from int_c360__digital
