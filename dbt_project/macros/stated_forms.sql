{# Forms of values that only some banks write; a site's staging models name them (`mdm source add` proposes which). #}

{# A date of six digits, YYMMDD, whatever follows: the latest such day that is not after the business day. #}
{% macro to_date_short_year(value) %}
{{- return(adapter.dispatch('to_date_short_year', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_date_short_year(value) -%}
{%- set digits = 'left(' ~ trimmed(value) ~ ', 6)' -%}
coalesce(
    case
        when cast(try_strptime('20' || {{ digits }}, '%Y%m%d') as date) <= {{ business_day() }}
            then cast(try_strptime('20' || {{ digits }}, '%Y%m%d') as date)
    end,
    cast(try_strptime('19' || {{ digits }}, '%Y%m%d') as date)
)
{%- endmacro %}


{# Date of birth in a Czech or Slovak birth number: YYMMDD, the month plus 50 for women. #}
{% macro birth_number_date(value) -%}
{{ to_date_short_year(birth_number_digits(value)) }}
{%- endmacro %}

{# Its digits as YYMMDD. #}
{% macro birth_number_digits(value) %}
{{- return(adapter.dispatch('birth_number_digits', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__birth_number_digits(value) -%}
case
    when try_cast(substr({{ trimmed(value) }}, 3, 1) as integer) >= 5
        then left({{ trimmed(value) }}, 2) || (try_cast(substr({{ trimmed(value) }}, 3, 1) as integer) - 5)
        || substr({{ trimmed(value) }}, 4, 3)
    else left({{ trimmed(value) }}, 6)
end
{%- endmacro %}

{# Sex in a Czech or Slovak birth number. #}
{% macro birth_number_sex(value) %}
{{- return(adapter.dispatch('birth_number_sex', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__birth_number_sex(value) -%}
case
    when try_cast(substr({{ trimmed(value) }}, 3, 2) as integer) between 1 and 12 then 'M'
    when try_cast(substr({{ trimmed(value) }}, 3, 2) as integer) between 51 and 62 then 'F'
end
{%- endmacro %}


{#
  The balance at the end of each day, where transactions hold the balance after each but no order within the day: the one
  no other transaction of the account and day starts from. `movement` has account_number, balance_date, transaction_id,
  balance (after it) and signed_amount; banks that round amounts need a `tolerance`.
#}
{% macro closing_balances(movement, tolerance=0) -%}
select
    ended.account_number,
    ended.balance_date,
    ended.balance
from (
    select
        one.account_number,
        one.balance_date,
        one.balance,
        row_number() over (
            partition by one.account_number, one.balance_date
            order by count(later.transaction_id), one.transaction_id desc
        ) as place
    from {{ movement }} as one
    left join {{ movement }} as later
        on
            one.account_number = later.account_number
            and one.balance_date = later.balance_date
            and one.transaction_id <> later.transaction_id
            and abs(later.balance - later.signed_amount - one.balance) <= {{ tolerance }}
    group by one.account_number, one.balance_date, one.balance, one.transaction_id
) as ended
where ended.place = 1
{%- endmacro %}
