{# Survivorship as declared in config/survivorship.yml and checked by warehouse/survivorship.py (variable `survivorship`). #}

{# The rules of one party type. dbt may parse without them, not run: a golden record without rules would be empty. #}
{% macro golden_rules_of(party_type) -%}
  {%- set rules = var('survivorship', {}).get(party_type, []) -%}
  {%- if execute and not rules -%}
    {{ exceptions.raise_compiler_error("variable survivorship is missing: run dbt through `mdm step`, which passes it") }}
  {%- endif -%}
  {{ return(rules) }}
{%- endmacro %}

{# How many rank columns int_golden__candidate has; warehouse.survivorship.MAX_STRATEGIES is the same number. #}
{% macro golden_rank_columns() -%}
  {{ return(range(1, 9)) }}
{%- endmacro %}

{# Whole number by which a strategy ranks a candidate: the smaller, the better. #}
{% macro golden_rank(strategy, rule) -%}
  {%- set leading = rule.attributes[0] -%}
  {%- if strategy == 'valid' -%} case when {{ rule.group }}_is_valid then 0 else 1 end
  {%- elif strategy == 'current' -%} case when {{ rule.group }}_is_current then 0 else 1 end
  {%- elif strategy == 'verified' -%} case when is_verified then 0 else 1 end
  {%- elif strategy == 'trust' -%}
    case source {% for source in rule.trust %}when '{{ source }}' then {{ loop.index0 }} {% endfor %}else {{ rule.trust | length }} end
  {%- elif strategy == 'recent' -%} {{ golden_newest_first('observed_at') }}
  {%- elif strategy == 'frequent' -%} -count(*) over (partition by golden_id, {{ leading }})
  {%- elif strategy == 'longest' -%} -length(cast({{ leading }} as varchar))
  {%- elif strategy == 'complete' -%}
    -({% for attribute in rule.attributes %}case when {{ attribute }} is null then 0 else 1 end{{ ' + ' if not loop.last }}{% endfor %})
  {%- elif strategy == 'earliest' -%} {{ golden_day_number(leading) }}
  {%- elif strategy == 'script' -%} case when {{ golden_has_han(leading) }} then 0 else 1 end
  {%- else -%} {{ exceptions.raise_compiler_error("unknown strategy " ~ strategy) }}
  {%- endif -%}
{%- endmacro %}

{# Every candidate of every attribute group: one select per rule. #}
{% macro golden_candidates(observations) -%}
  {%- for party_type in ('person', 'organization') -%}
  {%- set last_type = loop.last -%}
  {%- for rule in golden_rules_of(party_type) %}
    select
      golden_id,
      '{{ rule.group }}' as attribute_group,
      observation_id,
      party_type,
      record_id,
      source,
      cast({{ rule.attributes[0] }} as varchar) as candidate_value
      {%- for number in golden_rank_columns() %},
      cast({{ golden_rank(rule.strategies[number - 1], rule) if number <= rule.strategies | length else 0 }} as bigint) as rank_{{ number }}
      {%- endfor %}
    from {{ observations }}
    where party_type = '{{ party_type }}' and {{ rule.attributes[0] }} is not null
    {{ 'union all' if not (last_type and loop.last) }}
  {%- endfor -%}
  {%- endfor -%}
{%- endmacro %}

{# The declared strategies as rows: party_type, attribute_group, rank_number, strategy, otherwise. Number 0 is "all agree",
   number 99 is "nothing tells them apart". #}
{% macro golden_rules() -%}
  {%- for party_type in ('person', 'organization') -%}
  {%- set last_type = loop.last -%}
  {%- for rule in golden_rules_of(party_type) -%}
    ('{{ party_type }}', '{{ rule.group }}', 0, 'agreed', 'chosen'),
    {%- for strategy in rule.strategies %}
    ('{{ party_type }}', '{{ rule.group }}', {{ loop.index }}, '{{ strategy }}', 'chosen'),
    {%- endfor %}
    ('{{ party_type }}', '{{ rule.group }}', 99, '{{ rule.otherwise }}', '{{ 'tie_break' if rule.otherwise == 'record_id' else 'no_decision' }}')
    {{- ',' if not (last_type and loop.last) }}
  {% endfor -%}
  {%- endfor -%}
{%- endmacro %}

{# Order of candidates; the observation id makes it total. #}
{% macro golden_rank_order() -%}
  {% for number in golden_rank_columns() %}rank_{{ number }}, {% endfor %}observation_id
{%- endmacro %}

{# Number of the first strategy that ranks two candidates differently; 99 when none does. #}
{% macro golden_first_difference(winner, challenger) -%}
  case {% for number in golden_rank_columns() %}when {{ winner }}.rank_{{ number }} <> {{ challenger }}.rank_{{ number }} then {{ number }}
    {% endfor %}else 99 end
{%- endmacro %}

{# One column per golden attribute, out of rows (golden_id, attribute_group, every attribute). #}
{% macro golden_pivot(party_type) -%}
  {%- for rule in golden_rules_of(party_type) -%}
  {%- set last_rule = loop.last -%}
  {%- for attribute in rule.attributes %}
    max(case when attribute_group = '{{ rule.group }}' then {{ attribute }} end) as {{ attribute }}{{ ',' if not (last_rule and loop.last) }}
  {%- endfor -%}
  {%- endfor -%}
{%- endmacro %}

{# The declared attributes as rows: party_type, attribute_group, attribute. #}
{% macro golden_attribute_rows() -%}
  {%- for party_type in ('person', 'organization') -%}
  {%- set last_type = loop.last -%}
  {%- for rule in golden_rules_of(party_type) -%}
  {%- set last_rule = loop.last -%}
  {%- for attribute in rule.attributes -%}
    ('{{ party_type }}', '{{ rule.group }}', '{{ attribute }}'){{ ', ' if not (last_type and last_rule and loop.last) }}
  {%- endfor -%}
  {%- endfor -%}
  {%- endfor -%}
{%- endmacro %}

{# Whether the attribute named by a column has a value in an observation. #}
{% macro golden_is_filled(attribute, observations) -%}
  case {{ attribute }}
    {%- set seen = [] -%}
    {%- for party_type in ('person', 'organization') -%}
    {%- for rule in golden_rules_of(party_type) -%}
    {%- for name in rule.attributes if name not in seen -%}
    {%- do seen.append(name) %}
    when '{{ name }}' then {{ observations }}.{{ name }} is not null
    {%- endfor -%}
    {%- endfor -%}
    {%- endfor %}
  end
{%- endmacro %}

{# Fingerprint of all golden attributes of a row; chr(31) cannot stand in a value, so no two rows read alike. #}
{% macro golden_attribute_hash(party_type) -%}
  md5(
    {%- for rule in golden_rules_of(party_type) -%}
    {%- set last_rule = loop.last -%}
    {%- for attribute in rule.attributes %}
    coalesce(cast({{ attribute }} as varchar), '') || chr(31){{ ' ||' if not (last_rule and loop.last) }}
    {%- endfor -%}
    {%- endfor %}
  )
{%- endmacro %}
