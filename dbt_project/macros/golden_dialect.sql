{# Dialect-specific pieces of the golden, customer_360 and segment models. Another engine adds its own `<engine>__` macro. #}

{# Sortable whole number, smaller for a later moment; an unknown moment comes last. #}
{% macro golden_newest_first(moment) -%}
  {{ return(adapter.dispatch('golden_newest_first')(moment)) }}
{%- endmacro %}

{% macro duckdb__golden_newest_first(moment) -%}
  coalesce(-epoch_ms(cast({{ moment }} as timestamp)), 9223372036854775807)
{%- endmacro %}

{# Sortable whole number, smaller for an earlier day. #}
{% macro golden_day_number(day) -%}
  {{ return(adapter.dispatch('golden_day_number')(day)) }}
{%- endmacro %}

{% macro duckdb__golden_day_number(day) -%}
  cast({{ day }} - date '1970-01-01' as bigint)
{%- endmacro %}

{# Whether a text holds at least one Chinese character. #}
{% macro golden_has_han(text) -%}
  {{ return(adapter.dispatch('golden_has_han')(text)) }}
{%- endmacro %}

{% macro duckdb__golden_has_han(text) -%}
  coalesce(regexp_matches({{ text }}, '\p{Han}'), false)
{%- endmacro %}

{# JSON text: the sorted distinct values of a column within a group, `[]` when there is none. #}
{% macro golden_json_list(column, condition) -%}
  {{ return(adapter.dispatch('golden_json_list')(column, condition)) }}
{%- endmacro %}

{% macro duckdb__golden_json_list(column, condition) -%}
  cast(coalesce(
    to_json(list_sort(list_distinct(list({{ column }}) filter (where {{ condition }})))), '[]'
  ) as varchar)
{%- endmacro %}

{# Complete years between two days. #}
{% macro golden_full_years(from_day, to_day) -%}
  {{ return(adapter.dispatch('golden_full_years')(from_day, to_day)) }}
{%- endmacro %}

{% macro duckdb__golden_full_years(from_day, to_day) -%}
  cast(date_sub('year', {{ from_day }}, {{ to_day }}) as integer)
{%- endmacro %}

{# Days between two days; negative when the second is earlier. #}
{% macro golden_days(from_day, to_day) -%}
  cast({{ dbt.datediff(from_day, to_day, 'day') }} as integer)
{%- endmacro %}

{# The day so many days before the business day. #}
{% macro golden_days_ago(days) -%}
  cast({{ dbt.dateadd('day', -days, business_day()) }} as date)
{%- endmacro %}

{# Rows of two relations, columns matched by name; what one of them lacks is null. #}
{% macro golden_union_by_name(first, second) -%}
  {{ return(adapter.dispatch('golden_union_by_name')(first, second)) }}
{%- endmacro %}

{% macro duckdb__golden_union_by_name(first, second) -%}
  select * from {{ first }}
  union all by name
  select * from {{ second }}
{%- endmacro %}

{# Value of the latest row of a group; rows with the same moment do not occur, the key of the table is (group, moment). #}
{% macro golden_latest(value, moment) -%}
  {{ return(adapter.dispatch('golden_latest')(value, moment)) }}
{%- endmacro %}

{% macro duckdb__golden_latest(value, moment) -%}
  max_by({{ value }}, {{ moment }})
{%- endmacro %}
