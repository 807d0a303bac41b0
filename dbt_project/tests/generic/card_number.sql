{# Numbers of bank cards have 13 to 19 digits and the check digit of Luhn; null passes. #}
{% test card_number(model, column_name) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} is not null
    and not {{ card_number_holds(card_digits(column_name)) }}

{% endtest %}
