{# Mobile numbers, landlines and e-mail addresses. #}

{# The first of several numbers in a field, without blanks, brackets, dots and hyphens (+ stays). Expects half width. #}
{% macro phone_digits(value) -%}
{{ regex_replace(regex_extract(value, '^([^/,;、|]+)', 1), '[^0-9+]', '') }}
{%- endmacro %}


{# The national form of a mobile number: without +86, 0086, 86 or a leading zero. #}
{% macro mobile_national(digits) -%}
{{ regex_extract(digits, '^(?:[+]?(?:00)?86|0)?([0-9]{5,})$', 1) }}
{%- endmacro %}

{% macro mobile_holds(number) -%}
coalesce({{ regex_matches(number, '^1[3-9][0-9]{9}$') }}, false)
{%- endmacro %}

{# Numbers keyed in to get past a required field: eight equal digits at the end, counting up, or an operator's own. #}
{% macro mobile_is_filler(number) -%}
coalesce(
    {{ regex_matches(number, '(?:0{8}|1{8}|2{8}|3{8}|4{8}|5{8}|6{8}|7{8}|8{8}|9{8})$|^(?:0+|1+|9+)$') }}
    or {{ number }} in ('13800138000', '13012345678', '13812345678', '18912345678', '12345678901', '12345678910'),
    false
)
{%- endmacro %}


{#
  Landline as area-number; without an area code the number alone. An extension is dropped: it is the desk, not the
  line. Null for what is no landline or was keyed in to get past a required field. Expects half width, +86 and 0086 may
  stand in front.
#}
{% macro landline(value) -%}
{%- set written = regex_replace("replace(" ~ value ~ ", ' ', '')", '^(?:[+]|00)86-?[(]?0?([1-9])', '0\\1') -%}
case
    when {{ landline_is_filler(value) }} then null
    when {{ regex_matches(written, '^[(]?(?:010|02[0-9]|0[3-9][0-9]{2})[)]?-?[2-8][0-9]{6,7}(?:[-转][0-9]{1,6})?$') }}
        then {{ regex_replace(written, '^[(]?(010|02[0-9]|0[3-9][0-9]{2})[)]?-?([2-8][0-9]{6,7}).*$', '\\1-\\2') }}
    when {{ regex_matches(written, '^[2-8][0-9]{6,7}$|^[48]00-?[0-9]{3,4}-?[0-9]{3,4}$') }}
        then replace({{ written }}, '-', '')
end
{%- endmacro %}


{# Whether a landline was keyed in to get past a required field: seven equal digits, or nothing but one digit. #}
{% macro landline_is_filler(value) -%}
coalesce(
    {{ regex_matches("replace(" ~ value ~ ", '-', '')", '0{7}|1{7}|2{7}|3{7}|4{7}|5{7}|6{7}|7{7}|8{7}|9{7}|^(?:0+|1+|8+|9+)$|1234567') }},
    false
)
{%- endmacro %}


{# E-mail address in lower case; null when it is none or was keyed in to get past a required field. #}
{% macro email_address(value) -%}
case
    when {{ email_holds(value) }} and not {{ email_is_filler(value) }} then lower({{ value }})
end
{%- endmacro %}

{% macro email_holds(value) -%}
{{ regex_matches('lower(' ~ value ~ ')', '^[a-z0-9._%+-]+@[a-z0-9-]+(?:[.][a-z0-9-]+)*[.][a-z]{2,}$') }}
{%- endmacro %}

{% macro email_is_filler(value) -%}
coalesce(
    {{ regex_matches('lower(' ~ value ~ ')', '^(?:test|none|no|null|noemail|wu|abc|a+|x+|1+|0+|123(?:456)?)@|^(?:test|none|no|null|wu|x+|[^a-z]+)$') }},
    false
)
{%- endmacro %}
