{#
  Typing of source columns. All take any column, whatever type its source landed it with, and give null for what
  cannot be read: a bad value in one field must not stop the day, the quality gate has already counted it.
#}

{# What sources write where nothing is known, as a pattern of the whole text. #}
{% macro fillers() -%}
^(?:|(?i:null|none|nan|nil|n/?a|n[.]a[.]?|#n/a)|[(<](?i:null|na)[)>]|[\\]N|@N|无|没有|不详|不明|未知|空|暂无|未填写?|未提供|略|-+|—+|/+|[.]+|[?]+)$
{%- endmacro %}


{# Text as it stands, without blanks around it; fillers are null. The first branch is the fast one for most values. #}
{% macro clean_text(value) %}
{{- return(adapter.dispatch('clean_text', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro default__clean_text(value) -%}
{%- set text = 'cast(' ~ value ~ ' as varchar)' -%}
case
    when not {{ regex_matches(text, '^[' ~ blanks() ~ ']|[' ~ blanks() ~ ']$|' ~ fillers()) }} then {{ text }}
    when not {{ regex_matches(trimmed(value), fillers()) }} then {{ trimmed(value) }}
end
{%- endmacro %}


{# Codes, keys and numbers kept as text: as clean_text, in half width. #}
{% macro clean_code(value) %}
{{- return(adapter.dispatch('clean_code', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro default__clean_code(value) -%}
{%- set text = 'cast(' ~ value ~ ' as varchar)' -%}
case
    when not {{ regex_matches(text, '^[' ~ blanks() ~ ']|[' ~ blanks() ~ '！-～]$|[！-～　]|' ~ fillers()) }} then {{ text }}
    else {{ half_width(clean_text(value)) }}
end
{%- endmacro %}


{# The project's code for a source's code: unknown codes stay visible as UNMAPPED. #}
{% macro mapped_code(source_code, code) %}
{{- return(adapter.dispatch('mapped_code', 'customer_mdm')(source_code, code)) -}}
{% endmacro %}

{% macro default__mapped_code(source_code, code) -%}
coalesce({{ code }}, case when {{ clean_text(source_code) }} is not null then 'UNMAPPED' end)
{%- endmacro %}


{# A date of many spellings; impossible dates, the sentinels of old systems and years that no bank knew are null. #}
{% macro to_date(value) %}
{{- return(adapter.dispatch('to_date', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_date(value) -%}
case
    when
        cast({{ to_timestamp(value) }} as date) between date '1800-01-01' and date '2199-12-31'
        and cast({{ to_timestamp(value) }} as date) not in {{ date_sentinels() }}
        then cast({{ to_timestamp(value) }} as date)
end
{%- endmacro %}

{# A document valid for ever (长期) is 9999-12-31, not unknown: its validity is one of the nine KYC elements. #}
{% macro to_expiry_date(value) %}
{{- return(adapter.dispatch('to_expiry_date', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_expiry_date(value) -%}
case
    when cast({{ to_timestamp(value) }} as date) >= date '2099-12-31' or {{ trimmed(value) }} = '长期' then date '9999-12-31'
    else {{ to_date(value) }}
end
{%- endmacro %}

{# Zero of Excel and of databases; "for ever". #}
{% macro date_sentinels() -%}
(date '1899-12-30', date '1899-12-31', date '1900-01-01', date '2099-12-31')
{%- endmacro %}


{#
  A point in time without zone: the bank's own clock. ISO spellings are cast, which is fast, others are parsed. Only what
  begins with a digit is read: the engine takes the words epoch and infinity for points in time.
#}
{% macro to_timestamp(value) %}
{{- return(adapter.dispatch('to_timestamp', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_timestamp(value) -%}
{%- set text = half_width(trimmed(value)) -%}
case
    when {{ text }} between '0' and '9~'
        then coalesce(
            try_cast({{ text }} as timestamp),
            try_strptime(
                {{ text }},
                [
                    '%Y%m%d', '%Y年%m月%d日', '%Y.%m.%d', '%Y%m%d%H%M%S', '%Y%m%d %H:%M:%S', '%Y/%m/%d %H:%M:%S',
                    '%Y/%m/%d %H:%M'
                ]
            )
        )
end
{%- endmacro %}


{# An amount with two decimals; thousands separators are dropped. #}
{% macro to_decimal(value) %}
{{- return(adapter.dispatch('to_decimal', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_decimal(value) -%}
try_cast(replace({{ trimmed(value) }}, ',', '') as decimal(18, 2))
{%- endmacro %}


{# A rate or ratio, as the source states it. #}
{% macro to_rate(value) %}
{{- return(adapter.dispatch('to_rate', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_rate(value) -%}
try_cast({{ trimmed(value) }} as decimal(12, 6))
{%- endmacro %}


{# An amount written as digits, the last two of which are decimals; a sign may stand in front. #}
{% macro implied_decimal(value) %}
{{- return(adapter.dispatch('implied_decimal', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__implied_decimal(value) -%}
cast(try_cast({{ trimmed(value) }} as decimal(18, 0)) * 0.01 as decimal(18, 2))
{%- endmacro %}


{% macro to_integer(value) %}
{{- return(adapter.dispatch('to_integer', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_integer(value) -%}
try_cast({{ trimmed(value) }} as integer)
{%- endmacro %}


{# A text of at most nine digits as a number; null for other texts. #}
{% macro to_small_integer(value) %}
{{- return(adapter.dispatch('to_small_integer', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__to_small_integer(value) -%}
try_cast({{ value }} as integer)
{%- endmacro %}


{# Yes and no of many spellings. #}
{% macro to_boolean(value) %}
{{- return(adapter.dispatch('to_boolean', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro default__to_boolean(value) -%}
case
    when upper({{ trimmed(value) }}) in ('Y', 'YES', 'T', 'TRUE', '1', '是') then true
    when upper({{ trimmed(value) }}) in ('N', 'NO', 'F', 'FALSE', '0', '否') then false
end
{%- endmacro %}


{# Whether a date can be the birth of someone who is a customer on the business day; null for null. #}
{% macro is_birth_date(value) -%}
({{ value }} between date '1880-01-01' and {{ business_day() }})
{%- endmacro %}
