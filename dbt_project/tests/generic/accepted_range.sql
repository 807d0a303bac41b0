{# Values lie within these bounds, both included; a bound that is not given does not bind; null passes. #}
{% test accepted_range(model, column_name, at_least=none, at_most=none) %}

select {{ column_name }}
from {{ model }}
where
    {{ column_name }} < {{ column_name if at_least is none else at_least }}
    or {{ column_name }} > {{ column_name if at_most is none else at_most }}

{% endtest %}
