{#
  Resident identity numbers, GB 11643-1999, and the numbers built like them: residence permits (81/82/83) and the
  foreign permanent resident card of 2023 (9). The region part never makes a number invalid: it is where the holder was
  registered when numbered, and more than half of the codes ever issued are retired. A code that was never listed is a
  warning.
#}

{# A number as keyed in, without blanks and hyphens, in capitals; Cyrillic, Greek or starred X at the end is X. #}
{% macro document_characters(value) -%}
{{ regex_replace(regex_replace("upper(" ~ value ~ ")", '[[:space:]—–‐‑．.·\\x{200B}-\\x{200F}\\x{FEFF}\\x{00A0}_-]', ''), '[ХΧ×*]$', 'X') }}
{%- endmacro %}


{# ISO 7064 MOD 11-2 check character for a text of 17 digits (see resident_id_body); null for null. #}
{% macro resident_id_check(body) %}
{{- return(adapter.dispatch('resident_id_check', 'customer_mdm')(body)) -}}
{% endmacro %}

{% macro default__resident_id_check(body) -%}
{%- set weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] -%}
{#- in two halves, because 32-bit arithmetic is four times as fast as 64-bit -#}
{%- set front = to_small_integer('substr(' ~ body ~ ', 1, 9)') -%}
{%- set back = to_small_integer('substr(' ~ body ~ ', 10, 8)') -%}
substr('10X98765432', cast((
    {%- for weight in weights %}
    {%- set digit = integer_quotient(front, 10 ** (8 - loop.index0)) if loop.index0 < 9
        else integer_quotient(back, 10 ** (16 - loop.index0)) %}
    {{ digit }} % 10 * {{ weight }}{{ ' +' if not loop.last }}
    {%- endfor %}
) % 11 + 1 as integer), 1)
{%- endmacro %}

{#
  The 17 digits before the check character: of an 18-character number its own, of a 15-digit number with the century
  put in. Sequences 996 to 999 were kept for people born before 1900.
#}
{% macro resident_id_body(number) -%}
case
    when {{ regex_matches(number, '^[0-9]{17}[0-9X]$') }} then substr({{ number }}, 1, 17)
    when {{ regex_matches(number, '^[0-9]{12}99[6-9]$') }}
        then concat(substr({{ number }}, 1, 6), '18', substr({{ number }}, 7, 9))
    when {{ regex_matches(number, '^[0-9]{15}$') }}
        then concat(substr({{ number }}, 1, 6), '19', substr({{ number }}, 7, 9))
end
{%- endmacro %}


{# A 15-digit number as its 18-character form; everything else unchanged. #}
{% macro resident_id_upgraded(number) -%}
case
    when length({{ number }}) = 15 and {{ regex_matches(number, '^[0-9]{15}$') }}
        then concat({{ resident_id_body(number) }}, {{ resident_id_check(resident_id_body(number)) }})
    else {{ number }}
end
{%- endmacro %}


{# Date of birth inside an 18-character number; null when the calendar has no such day. #}
{% macro resident_id_birth_date(number) %}
{{- return(adapter.dispatch('resident_id_birth_date', 'customer_mdm')(number)) -}}
{% endmacro %}

{% macro duckdb__resident_id_birth_date(number) -%}
try_cast(
    concat(substr({{ number }}, 7, 4), '-', substr({{ number }}, 11, 2), '-', substr({{ number }}, 13, 2)) as date
)
{%- endmacro %}


{# Sex inside an 18-character number: the 17th digit is odd for men. #}
{% macro resident_id_sex(number) -%}
case when substr({{ number }}, 17, 1) in ('1', '3', '5', '7', '9') then 'M' else 'F' end
{%- endmacro %}


{#
  Whether the last character is the check character of the 17 before it. One comparison, no condition: what stands behind
  an `and` or in a `case` is computed anew for every digit, which takes three times as long.
#}
{% macro resident_id_check_holds(number) -%}
{#- the number, or an empty text for anything else -#}
{%- set whole = regex_replace('concat(' ~ number ~ ", '')", '(?s)^([0-9]{17}[0-9X])$|^.*$', '\\1') -%}
substr({{ whole }}, 18, 1) is not distinct from {{ resident_id_check('substr(' ~ whole ~ ', 1, 17)') }}
{%- endmacro %}
