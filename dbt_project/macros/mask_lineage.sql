{# The run that makes the published rows; the same for every attempt of a business day. #}
{% macro published_run_id() -%}
  cast('{{ var("run_id") }}' as varchar)
{%- endmacro %}
