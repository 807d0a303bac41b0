{#
  Identity documents: one key per holder. Several kinds of document carry the same number (a household register holds
  the resident number), permits are renewed with a new tail, so the key follows the number, not the kind.
#}

{# Values keyed in to get past a required field: one character repeated, or counting up. #}
{% macro document_is_filler(number) -%}
coalesce(
    replace({{ number }}, substr({{ number }}, 1, 1), '') = ''
    or ('12345678901234567890' like concat({{ number }}, '%') and length({{ number }}) > 5)
    or {{ number }} in ('123456789012345678', '12345678901234567X', '110101190001010000'),
    false
)
{%- endmacro %}


{# Permit of Hong Kong and Macau residents: the first nine characters stay when it is renewed (MPS notice 2010-03-10). #}
{% macro hk_macau_permit_holder(number) -%}
{{ regex_extract(number, '^([HM][0-9]{8})([0-9]{2})?$', 1) }}
{%- endmacro %}


{# Permit of Taiwan residents: eight digits for the holder, older ones with two more for the issue and a bracket. #}
{% macro taiwan_permit_holder(number) -%}
{{ regex_extract(number, '^T?([0-9]{8})([0-9]{2})?([(]?[A-Z][)]?)?$', 1) }}
{%- endmacro %}


{# Passport number: Chinese forms, or 5 to 20 letters and digits of another state, with at least three digits. #}
{% macro passport_number(number) -%}
case
    when {{ regex_matches(number, '^[A-Z0-9]{5,17}$') }} and {{ regex_matches(number, '[0-9].*[0-9].*[0-9]') }}
        then {{ number }}
end
{%- endmacro %}


{# Officer's card: the seven or eight digits, whatever is written around them. #}
{% macro military_digits(number) -%}
{{ regex_extract(number, '^[^0-9]{0,6}?([0-9]{6,8})号?$', 1) }}
{%- endmacro %}


{# Foreign permanent resident card in the form of 2017: three letters of the country and twelve digits. #}
{% macro foreign_resident_number(number) -%}
{{ regex_extract(number, '^([A-Z]{3}[0-9]{12})$', 1) }}
{%- endmacro %}
