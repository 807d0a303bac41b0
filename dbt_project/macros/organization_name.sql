{# Names of organizations: region + own name + trade + legal form. #}

{# Half-width brackets, capitals, no blanks; "(集团)" without its brackets; "?" for lost characters. #}
{% macro organization_name_signs(value) -%}
{{ regex_replace(regex_replace(regex_replace(regex_replace("upper(" ~ value ~ ")",
    '[[:space:]\\x{200B}-\\x{200F}\\x{FEFF}\\x{00A0}]+', ''),
    '[\\[【〔﹙{]', '('),
    '[\\]】〕﹚}]', ')'),
    '[□\\x{FFFD}*\\x{E000}-\\x{F8FF}]', '?') }}
{%- endmacro %}


{# Legal forms; the longest one at the end of a name counts. #}
{% macro organization_forms() -%}
集团股份有限公司|集团有限责任公司|集团有限公司|股份有限公司|有限责任公司|有限公司|股份公司|集团公司|集团|总公司|分公司|合伙企业[(]有限合伙[)]|合伙企业[(]普通合伙[)]|合伙企业[(]特殊普通合伙[)]|[(]有限合伙[)]|[(]普通合伙[)]|[(]特殊普通合伙[)]|合伙企业|农民专业合作社联合社|农民专业合作社|专业合作社|股份合作社|合作社|信用合作联社|联社|村镇银行|支行|分行|分理处|储蓄所|事务所|经营部|门市部|商行|个体工商户|个人独资企业|工作室|办事处|分店|总店|公司|厂
{%- endmacro %}

{% macro organization_form(value) -%}
{{ regex_extract(value, '^.{2,}?(' ~ organization_forms() ~ ')$', 1) }}
{%- endmacro %}

{% macro organization_name_without_form(value) -%}
{{ regex_replace(value, '^(.{2,}?)(?:' ~ organization_forms() ~ ')$', '\\1') }}
{%- endmacro %}

{# What stands in the first brackets: 华为(上海)技术 → 上海. #}
{% macro bracketed_part(value) -%}
{{ regex_extract(value, '[(]([^()]+)[)]', 1) }}
{%- endmacro %}

{% macro without_brackets(value) -%}
{{ regex_replace(value, '[(][^()]*[)]', '') }}
{%- endmacro %}

{% macro organization_name_is_filler(value) -%}
{{ regex_matches(value, '^(测试.*|.{0,6}测试|TEST.*|无|未知|单位|公司|客户|[?X0-9]+)$') }}
{%- endmacro %}
