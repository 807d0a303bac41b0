{# Masks of single values; the twins of masking/fields.py, where their forms are explained. Nothing and the empty text
   stay what they are. Another engine adds its own `<engine>__` macros. #}

{# First and last characters stay, the length too. #}
{% macro mask_keep(value, first, last) -%}
  {{ return(adapter.dispatch('mask_keep')(value, first, last)) }}
{%- endmacro %}

{% macro duckdb__mask_keep(value, first, last) -%}
  left({{ value }}, {{ first }}) || repeat('*', length({{ value }}) - {{ first + last }}) || right({{ value }}, {{ last }})
{%- endmacro %}

{# All hidden, at least four characters long. #}
{% macro mask_hidden(value) -%}
  {{ return(adapter.dispatch('mask_hidden')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_hidden(value) -%}
  case when {{ value }} is not null then repeat('*', greatest(length({{ value }}), 4)) end
{%- endmacro %}

{% macro mask_name(value) -%}
  {{ return(adapter.dispatch('mask_name')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_name(value) -%}
  case
    when {{ value }} = '' then ''
    when length({{ value }}) < 2 then '**'
    when regexp_matches({{ value }}, '[·A-Za-z]') then {{ mask_keep(value, 1, 0) }}
    else {{ mask_keep(value, 0, 1) }}
  end
{%- endmacro %}

{% macro mask_organization(value) -%}
  {{ return(adapter.dispatch('mask_organization')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_organization(value) -%}
  case
    when {{ value }} = '' then ''
    when length({{ value }}) < 4 then '****'
    when length({{ value }}) >= 8 then {{ mask_keep(value, 2, 4) }}
    else {{ mask_keep(value, 0, 2) }}
  end
{%- endmacro %}

{% macro mask_document(value) -%}
  {{ return(adapter.dispatch('mask_document')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_document(value) -%}
  case
    when {{ value }} = '' then ''
    when length({{ value }}) < 8 then {{ mask_hidden(value) }}
    when length({{ value }}) >= 15 then {{ mask_keep(value, 6, 4) }}
    else {{ mask_keep(value, 1, 2) }}
  end
{%- endmacro %}

{% macro mask_document_strict(value) -%}
  {{ return(adapter.dispatch('mask_document_strict')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_document_strict(value) -%}
  case
    when {{ value }} = '' then ''
    when length({{ value }}) >= 8 then {{ mask_keep(value, 1, 1) }}
    else {{ mask_hidden(value) }}
  end
{%- endmacro %}

{% macro mask_last_four(value) -%}
  {{ return(adapter.dispatch('mask_last_four')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_last_four(value) -%}
  case
    when {{ value }} = '' then ''
    when length({{ value }}) >= 8 then {{ mask_keep(value, 0, 4) }}
    else {{ mask_hidden(value) }}
  end
{%- endmacro %}

{% macro mask_mobile(value) -%}
  {{ return(adapter.dispatch('mask_mobile')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_mobile(value) -%}
  case
    when {{ value }} = '' then ''
    when length({{ value }}) >= 11 then {{ mask_keep(value, 3, 4) }}
    when length({{ value }}) > 8 then {{ mask_keep(value, 2, 3) }}
    when length({{ value }}) = 8 then {{ mask_keep(value, 2, 2) }}
    else {{ mask_hidden(value) }}
  end
{%- endmacro %}

{% macro mask_phone(value) -%}
  {{ return(adapter.dispatch('mask_phone')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_phone(value) -%}
  {%- set landline = "'^(010|02[0-9]|0[3-9][0-9]{2})-?([0-9*]{3,4})([0-9]{4})(?:-[0-9]+)?$'" -%}
  case
    when regexp_matches({{ value }}, {{ landline }}) then
      regexp_extract({{ value }}, {{ landline }}, 1) || '-'
      || repeat('*', length(regexp_extract({{ value }}, {{ landline }}, 2)))
      || regexp_extract({{ value }}, {{ landline }}, 3)
    else {{ mask_mobile(value) }}
  end
{%- endmacro %}

{% macro mask_card(value) -%}
  {{ return(adapter.dispatch('mask_card')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_card(value) -%}
  case when length({{ value }}) >= 15 then {{ mask_keep(value, 6, 4) }} else {{ mask_last_four(value) }} end
{%- endmacro %}

{% macro mask_account(value) -%}
  {{ return(adapter.dispatch('mask_account')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_account(value) -%}
  case when length({{ value }}) >= 12 then {{ mask_keep(value, 4, 4) }} else {{ mask_last_four(value) }} end
{%- endmacro %}

{% macro mask_email(value) -%}
  {{ return(adapter.dispatch('mask_email')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_email(value) -%}
  {%- set email = "'^([^@])[^@]*@([^@]+)$'" -%}
  case
    when {{ value }} = '' then ''
    when regexp_matches({{ value }}, {{ email }}) then
      regexp_extract({{ value }}, {{ email }}, 1) || '***@' || regexp_extract({{ value }}, {{ email }}, 2)
    when {{ value }} is not null then '***'
  end
{%- endmacro %}

{% macro mask_address(value) -%}
  {{ return(adapter.dispatch('mask_address')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_address(value) -%}
  {%- set province = "(?:[^0-9]{2,8}?(?:省|自治区|特别行政区))?" -%}
  {%- set city = "(?:[^0-9省路街村镇乡号]{1,9}?(?:市|自治州|盟|地区))?" -%}
  {%- set district = "[^0-9市路街村镇乡号巷弄]{0,7}?[^0-9市路街村镇乡号巷弄小社园校厂](?:区|县|旗)" -%}
  {%- set county_city = "[^0-9市路街村镇乡号巷弄]{1,7}?[^0-9市路街村镇乡号巷弄超]市" -%}
  case
    when {{ value }} = '' then ''
    else regexp_extract({{ value }}, '^({{ province }}{{ city }}(?:{{ district }}|{{ county_city }})?)', 1) || '********'
  end
{%- endmacro %}

{% macro mask_text(value) -%}
  {{ return(adapter.dispatch('mask_text')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_text(value) -%}
  case when {{ value }} = '' then '' when {{ value }} is not null then '***' end
{%- endmacro %}

{% macro mask_date_to_year(value) -%}
  {{ return(adapter.dispatch('mask_date_to_year')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_date_to_year(value) -%}
  left(cast({{ value }} as varchar), 4)
{%- endmacro %}

{% macro mask_date_to_decade(value) -%}
  {{ return(adapter.dispatch('mask_date_to_decade')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_date_to_decade(value) -%}
  left(cast({{ value }} as varchar), 3) || '0s'
{%- endmacro %}

{# A name for a value that only the holder of the key can link to it; letters only, see masking.fields.token. #}
{% macro mask_token(value) -%}
  {{ return(adapter.dispatch('mask_token')(value)) }}
{%- endmacro %}

{% macro duckdb__mask_token(value) -%}
  translate(
    left(sha256((select token_key.key from {{ source('masking', 'token_key') }} as token_key) || ':' || {{ value }}), 20),
    '0123456789', 'ghijklmnop'
  )
{%- endmacro %}
