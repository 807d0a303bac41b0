{# The business day and the run come by environment, not by --vars: changed variables make dbt parse the whole project anew. #}

{% macro business_day() -%}
  cast('{{ env_var("MDM_DBT_AS_OF", "1900-01-01") }}' as date)
{%- endmacro %}

{# The run that makes the published rows; the same for every attempt of a business day. #}
{% macro published_run_id() -%}
  cast('{{ env_var("MDM_DBT_RUN_ID", "parse") }}' as varchar)
{%- endmacro %}
