{# One published column: an expression under the mask that config/policy.yml names for it. `party`: whose rows these are,
   persons' or organizations'. #}
{% macro mask_column(table, column, expression, party='person') -%}
  {{ adapter.dispatch('mask_by_policy')(expression, table, column, party) }} as {{ column }}
{%- endmacro %}

{# The mask of a column; dbt stops on a column that the registry does not know. #}
{% macro default__mask_by_policy(expression, table, column, party) -%}
  {%- set columns = var('policy_masks').get(table, {}) -%}
  {%- if execute and column not in columns -%}
    {{ exceptions.raise_compiler_error(
      'config/policy.yml: published column ' ~ table ~ '.' ~ column ~ ' has no entry; add it'
    ) }}
  {%- endif -%}
  {{ mask_value(columns.get(column, {}).get(party, 'none'), expression) }}
{%- endmacro %}

{# A mask by its name. The token's key comes from the one-row table masking.token_key. #}
{% macro mask_value(mask, expression) -%}
  {%- set masks = {
    'name': mask_name, 'organization': mask_organization, 'document': mask_document,
    'document_strict': mask_document_strict, 'last_four': mask_last_four, 'mobile': mask_mobile, 'phone': mask_phone,
    'card': mask_card, 'account': mask_account, 'email': mask_email, 'address': mask_address, 'text': mask_text,
    'token': mask_token, 'date_to_year': mask_date_to_year, 'date_to_decade': mask_date_to_decade
  } -%}
  {%- if mask in ('none', 'note') -%}
    {{ expression }}
  {%- elif mask in masks -%}
    {{ masks[mask](expression) }}
  {%- else -%}
    {{ exceptions.raise_compiler_error('config/policy.yml: no mask named ' ~ mask) }}
  {%- endif -%}
{%- endmacro %}
