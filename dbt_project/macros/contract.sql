{#
  Contracts between a site's own models and the engine (docs/contracts.md). A site provides a contract by models named
  `<contract>__<whatever>` in config/dbt/models/canonical; their names come as the variable `contracts`, so that every
  one is a `ref` and stands in the lineage graph. Columns and types stand in models/contract/_contract.yml only.
#}

{# All rows the site provides for the contract of the model that calls this, typed; no row where it provides none. #}
{% macro contract_rows(contract) %}
{{- return(adapter.dispatch('contract_rows', 'customer_mdm')(contract)) -}}
{% endmacro %}

{# By name: what a site's model does not provide is null. #}
{% macro duckdb__contract_rows(contract) -%}
select
  {%- for column in model.columns.values() %}
    cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
  {%- endfor %}
from (
    select
      {%- for column in model.columns.values() %}
        cast(null as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
      {%- else %}
        null as nothing
      {%- endfor %}
    where false
  {%- for name in var('contracts', {}).get(contract, []) %}
    union all by name
    select * from {{ contract_provider(contract, ref(name)) }}
  {%- endfor %}
)
{%- endmacro %}

{# A model of the site, after its columns were looked at: a misspelt one would be lost without a word. #}
{% macro contract_provider(contract, relation) -%}
  {%- set known = model.columns.keys() | list -%}
  {%- if execute -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.name not in known -%}
      {{ exceptions.raise_compiler_error(
        'model ' ~ relation.identifier ~ ': contract ' ~ contract ~ ' has no column ' ~ column.name
        ~ '; it has ' ~ known | join(', ')
      ) }}
    {%- endfor -%}
  {%- endif -%}
  {{ relation }}
{%- endmacro %}


{# Identifier of a party record: its source and its key there; null where the key is. #}
{% macro record_id(source, key) -%}
'{{ source }}:' || {{ key }}
{%- endmacro %}


{# The code maps of the site, one seed `code_map__<source>` each, as one table. #}
{% macro code_map_rows() -%}
select
    cast(null as varchar) as source,
    cast(null as varchar) as code_set,
    cast(null as varchar) as source_code,
    cast(null as varchar) as code,
    cast(null as varchar) as title_zh
where false
{%- for name in var('code_maps', []) %}
union all
select source, code_set, source_code, code, title_zh from {{ ref(name) }}
{%- endfor %}
{%- endmacro %}


{# The codes that occur in a source table: `codes` names the column of each code set. For models `code_use__<source>`. #}
{% macro codes_in_use(source_name, table, codes) -%}
{%- for code_set, column in codes.items() %}
select
    '{{ source_name }}' as source,
    '{{ code_set }}' as code_set,
    {{ clean_code(column) }} as source_code,
    '{{ table }}.{{ column }}' as used_in,
    count(*) as rows
from {{ source(source_name, table) }}
where _deleted_as_of is null and {{ clean_code(column) }} is not null
group by {{ clean_code(column) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
{%- endmacro %}
