{# All relations live in one schema: readers of the warehouse need no map. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
{{ target.schema }}
{%- endmacro %}
