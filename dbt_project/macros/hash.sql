{# Fingerprint of a row: changes exactly when one of these columns does. Null and empty text differ. #}
{% macro content_hash(columns) -%}
md5(concat_ws(
    chr(31),
    {%- for column in columns %}
    coalesce(cast({{ column }} as varchar), chr(30)){{ ',' if not loop.last }}
    {%- endfor %}
))
{%- endmacro %}
