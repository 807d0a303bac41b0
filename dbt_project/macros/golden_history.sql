{# Versions over business days, half-open: [valid_from, valid_to). A day can be run again: what it opened is taken back
   and what it closed is opened again, in the transaction that then writes the day anew. #}

{% macro golden_take_back(relation) -%}
  {%- if is_incremental() -%}
    delete from {{ relation }} where valid_from >= {{ business_day() }}
  {%- endif -%}
{%- endmacro %}

{% macro golden_open_again(relation) -%}
  {%- if is_incremental() -%}
    update {{ relation }} set valid_to = null where valid_to >= {{ business_day() }}
  {%- endif -%}
{%- endmacro %}
