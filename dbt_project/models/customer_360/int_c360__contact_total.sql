{{ config(materialized='table') }}

with interactions as (
    select * from {{ ref('c360_interaction') }}
),

int_c360__contact_total as (
    select
        golden_id,
        max(cast(occurred_at as date)) as last_contact_date,
        cast(count(distinct case
            when
                interaction_type = 'login'
                and cast(occurred_at as date) > {{ golden_window_start('login_days') }}
                then cast(occurred_at as date)
        end) as integer) as login_days
    from interactions
    group by golden_id
)

select * from int_c360__contact_total
