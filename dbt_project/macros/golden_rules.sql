{# Business rules of the site: variables `customer_360` (config/rules/customer_360.yml) and `segments`. #}

{# The figures of the customer view; the values here only let dbt parse. #}
{% macro golden_figures() -%}
  {%- set figures = var('customer_360', {}) -%}
  {%- if execute and not figures -%}
    {{ exceptions.raise_compiler_error("variable customer_360 is missing: run dbt through `mdm step`, which passes it") }}
  {%- endif -%}
  {{ return(figures or {'tiers': [{'code': 'none', 'from': 0}], 'exchange_rates': {'CNY': 1},
                        'passive_transaction_types': [], 'windows': {}}) }}
{%- endmacro %}

{# The last day before a window of config/rules/customer_360.yml. #}
{% macro golden_window_start(name) -%}
  {{ return(golden_days_ago(golden_figures().windows.get(name, 1))) }}
{%- endmacro %}

{# CNY per unit of a currency; null when the site names no rate. #}
{% macro golden_exchange_rate(currency) -%}
  case {{ currency }}
    {%- for code, rate in golden_figures().exchange_rates | dictsort %}
    when '{{ code }}' then cast({{ rate }} as decimal(18, 6))
    {%- endfor %}
  end
{%- endmacro %}

{# Code of the highest tier whose threshold the amount reaches; below zero counts as the lowest tier. #}
{% macro golden_tier(amount) -%}
  {%- set tiers = golden_figures().tiers -%}
  case
    {%- for tier in tiers[:-1] %}
    when {{ amount }} >= {{ tier['from'] }} then '{{ tier.code }}'
    {%- endfor %}
    else '{{ tiers[-1].code }}'
  end
{%- endmacro %}

{# Whether a transaction counts as the customer's own activity. #}
{% macro golden_is_activity(transaction_type) -%}
  {%- set passive = golden_figures().passive_transaction_types -%}
  {%- if passive -%}
    {{ transaction_type }} not in ({% for code in passive %}'{{ code }}'{{ ', ' if not loop.last }}{% endfor %})
  {%- else -%}
    true
  {%- endif -%}
{%- endmacro %}

{# Members of every segment on the business day: one select per rule. #}
{% macro golden_segment_members(customers) -%}
  {%- for segment in var('segments', []) %}
    select golden_id, '{{ segment.code }}' as segment_code from {{ customers }} where ({{ segment.condition }})
    {{ 'union all' if not loop.last }}
  {%- else %}
    select golden_id, cast(null as varchar) as segment_code from {{ customers }} where false
  {%- endfor -%}
{%- endmacro %}

{# A text as an SQL literal. #}
{% macro golden_literal(text) -%}
  '{{ text | replace("'", "''") }}'
{%- endmacro %}

{# The declared segments as rows: segment_code, name_zh, name_en, description. #}
{% macro golden_segment_rows() -%}
  {%- for segment in var('segments', []) %}
    select
      '{{ segment.code }}' as segment_code,
      {{ golden_literal(segment.name_zh) }} as name_zh,
      {{ golden_literal(segment.name_en) }} as name_en,
      {{ golden_literal(segment.description) }} as description
    {{ 'union all' if not loop.last }}
  {%- else %}
    select '' as segment_code, '' as name_zh, '' as name_en, '' as description where false
  {%- endfor -%}
{%- endmacro %}

{# The nine basic elements of a person's identity, in the order of the rule. #}
{% macro golden_kyc_elements() -%}
  {{ return([
    'name', 'sex', 'nationality', 'occupation', 'address', 'contact',
    'document_type', 'document_number', 'document_expiry',
  ]) }}
{%- endmacro %}

{# How many of the nine elements are there and valid. #}
{% macro golden_kyc_count() -%}
  {% for element in golden_kyc_elements() %}case when has_{{ element }} then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %}
{%- endmacro %}

{# Names of the missing elements, separated by commas; empty when none is missing. #}
{% macro golden_kyc_missing() -%}
  concat_ws(', '{% for element in golden_kyc_elements() %}, case when not coalesce(has_{{ element }}, false) then '{{ element }}' end{% endfor %})
{%- endmacro %}

{# Rows that fulfil a condition. #}
{% macro golden_count_where(condition) -%}
  cast(coalesce(sum(case when {{ condition }} then 1 else 0 end), 0) as integer)
{%- endmacro %}

{# Sum of an amount over a customer's open accounts of some kinds. #}
{% macro golden_open_sum(amount, kinds) -%}
  sum(case when is_open and account_kind in ('{{ kinds | join("', '") }}') then {{ amount }} end)
{%- endmacro %}

{# CNY that came in or went out by the customer's own activity within the activity window. #}
{% macro golden_flow(direction) -%}
  sum(case
    when
      is_activity and direction = '{{ direction }}'
      and occurred_date > {{ golden_window_start('activity_days') }}
      then amount_cny
  end)
{%- endmacro %}

{# Sum of the amounts up to the start of the comparison window; null when there is none, or one of them is unknown. #}
{% macro golden_sum_before(amount, day) -%}
  {%- set within = day ~ ' <= ' ~ golden_window_start('comparison_days') -%}
  case
    when sum(case when {{ within }} and {{ amount }} is null then 1 else 0 end) = 0
      then sum(case when {{ within }} then {{ amount }} end)
  end
{%- endmacro %}
