{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('int_c360__account') }}
),

-- columns per kind; closed accounts hold nothing any more and are counted in account_count only
int_c360__account_total as (
    select
        golden_id,
        {{ golden_open_sum('balance_cny', ['deposit', 'time_deposit']) }} as deposit_balance,
        {{ golden_open_sum('balance_before_cny', ['deposit', 'time_deposit']) }} as deposit_balance_before,
        {{ golden_open_sum('balance_cny', ['wealth']) }} as wealth_value,
        {{ golden_open_sum('balance_cny', ['loan']) }} as loan_balance,
        {{ golden_open_sum('balance_cny', ['credit_card']) }} as card_balance,
        {{ golden_count_where("account_kind in ('deposit', 'time_deposit')") }} as account_count,
        {{ golden_count_where(
            "account_kind in ('deposit', 'time_deposit') and status = 'active'"
        ) }} as active_account_count,
        {{ golden_count_where("account_class = 'I' and status = 'active'") }} as class_i_account_count,
        {{ golden_count_where("account_kind = 'deposit' and is_open") }} as open_demand_count,
        {{ golden_count_where("account_kind = 'time_deposit' and is_open") }} as open_time_count,
        {{ golden_count_where("account_kind = 'wealth' and is_open") }} as holding_count,
        {{ golden_count_where("account_kind = 'loan' and is_open") }} as loan_count,
        {{ golden_count_where("account_kind = 'credit_card' and is_open") }} as card_count,
        {{ golden_count_where("is_open and balance_cny is null") }} as unconverted_account_count,
        max(overdue_days) as overdue_days
    from accounts
    group by golden_id
)

select * from int_c360__account_total
