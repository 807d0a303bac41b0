{# Numbers of organizations: GB 32100-2015, GB 11714, GS 15-2006. All macros expect capitals without separators. #}

{# Value of the character at this position in an alphabet, from 0; -1 when it is not in it. #}
{% macro character_value(text, position, alphabet) -%}
({{ position_in("'" ~ alphabet ~ "'", 'substr(' ~ text ~ ', ' ~ position ~ ', 1)') }} - 1)
{%- endmacro %}


{# Unified social credit code, check by weights 3^i mod 31. I, O, S, V and Z do not occur. #}
{% macro uscc_holds(number) %}
{{- return(adapter.dispatch('uscc_holds', 'customer_mdm')(number)) -}}
{% endmacro %}

{% macro default__uscc_holds(number) -%}
{%- set alphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY' -%}
{%- set weights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] -%}
coalesce(
    {{ regex_matches(number, '^[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$') }}
    and {{ character_value(number, 18, alphabet) }} = (31 - (
        {%- for weight in weights %}
        {{ character_value(number, loop.index, alphabet) }} * {{ weight }}{{ ' +' if not loop.last }}
        {%- endfor %}
    ) % 31) % 31,
    false
)
{%- endmacro %}


{# Organization code: eight characters and a check character. Stands at 9 to 17 of the unified social credit code. #}
{% macro organization_code_holds(number) %}
{{- return(adapter.dispatch('organization_code_holds', 'customer_mdm')(number)) -}}
{% endmacro %}

{% macro default__organization_code_holds(number) -%}
{%- set alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ' -%}
{%- set weights = [3, 7, 9, 10, 5, 8, 4, 2] -%}
coalesce(
    {{ regex_matches(number, '^[0-9A-Z]{8}[0-9X]$') }}
    and substr({{ number }}, 9, 1) = substr('0X987654321', (
        {%- for weight in weights %}
        {{ character_value(number, loop.index, alphabet) }} * {{ weight }}{{ ' +' if not loop.last }}
        {%- endfor %}
    ) % 11 + 1, 1),
    false
)
{%- endmacro %}


{# Business registration number: 14 digits and an ISO 7064 MOD 11,10 check digit. #}
{% macro registry_number_holds(number) %}
{{- return(adapter.dispatch('registry_number_holds', 'customer_mdm')(number)) -}}
{% endmacro %}

{% macro default__registry_number_holds(number) -%}
{%- set state = namespace(product='10') -%}
{%- for position in range(1, 15) -%}
{%- set digit = character_value(number, position, '0123456789') -%}
{#- a sum of 0 counts as 10 -#}
{%- set state.product = '(((' ~ state.product ~ ' + ' ~ digit ~ ' + 9) % 10 + 1) * 2 % 11)' -%}
{%- endfor -%}
coalesce(
    {{ regex_matches(number, '^[0-9]{15}$') }}
    and ({{ state.product }} + {{ character_value(number, 15, '0123456789') }}) % 10 = 1,
    false
)
{%- endmacro %}


{#
  Taxpayer number of before the unified code: six digits of a region and the organization code. Null for other numbers;
  the organization code inside is what leads from old loan files to the unified code.
#}
{% macro organization_code_of_tax_number(number) -%}
case
    when {{ regex_matches(number, '^[1-9][0-9]{5}[0-9A-Z]{8}[0-9X]$') }}
        and {{ organization_code_holds('substr(' ~ number ~ ', 7, 9)') }}
        then substr({{ number }}, 7, 9)
end
{%- endmacro %}
