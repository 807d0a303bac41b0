{# Numbers of bank cards, ISO/IEC 7812. #}

{# A card number as keyed in, digits only: without blanks and hyphens. Expects half width. #}
{% macro card_digits(value) -%}
{{ regex_replace(value, '[[:space:]-]', '') }}
{%- endmacro %}


{#
  Whether a number is one of a card: 13 to 19 digits with the check digit of Luhn. Numbers of passbooks and deposit
  accounts have none, so this says what a number is, not whether an account exists.
#}
{% macro card_number_holds(number) %}
{{- return(adapter.dispatch('card_number_holds', 'customer_mdm')(number)) -}}
{% endmacro %}

{% macro default__card_number_holds(number) -%}
{#- digits from the right, in two halves that fit into 32 bits; every second one counts double, less 9 above 9 -#}
{%- set padded = "right('0000000000000000000' || " ~ number ~ ", 19)" -%}
coalesce(
    {{ regex_matches(number, '^[0-9]{13,19}$') }}
    and (
        {%- for position in range(1, 20) %}
        {%- set start, length = (1, 7) if position <= 7 else ((8, 6) if position <= 13 else (14, 6)) %}
        {%- set part = to_small_integer('substr(' ~ padded ~ ', ' ~ start ~ ', ' ~ length ~ ')') %}
        {%- set digit = integer_quotient(part, 10 ** (start + length - 1 - position)) ~ ' % 10' %}
        {%- if position % 2 %}
        {{ digit }}
        {%- else %}
        ({{ digit }}) * 2 - {{ integer_quotient(digit, 5) }} * 9
        {%- endif %}{{ ' +' if not loop.last }}
        {%- endfor %}
    ) % 10 = 0,
    false
)
{%- endmacro %}
