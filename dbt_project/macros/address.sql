{# Addresses: signs, units and numerals in one form, so that the same door reads the same. #}

{# No blanks, one sign for "number" and for hyphens. Expects the compatible form. #}
{% macro address_signs(value) -%}
{%- set dropped = '[:space:]\\x{200B}-\\x{200F}\\x{FEFF}\\x{00A0}，。、,' -%}
case
    when {{ regex_matches(value, '[' ~ dropped ~ '號#—–―‐]') }}
        then {{ regex_replace(regex_replace(regex_replace(value, '[' ~ dropped ~ ']+', ''), '[號#]', '号'), '[—–―‐]+', '-') }}
    else {{ value }}
end
{%- endmacro %}


{# The part below the district: without remarks in brackets, one word per unit (号楼, 幢, 座 → 栋; 门 → 单元; 房 → 室). #}
{% macro address_detail(value) -%}
{%- set text = "replace(replace(" ~ value ~ ", '号楼', '栋'), '幢', '栋')" -%}
case
    when {{ regex_matches(text, '[(]|[0-9A-Z][座门]|小组|(?:单元|栋|层|楼)[0-9]+房?$') }}
        then {{ regex_replace(regex_replace(regex_replace(regex_replace(regex_replace(text,
            '[(][^)]*[)]?', ''),
            '([0-9A-Z])座', '\\1栋'),
            '([0-9])门', '\\1单元'),
            '([0-9])(?:村民小组|小组)', '\\1组'),
            '(单元|栋|层|楼)([0-9]+)(?:室|房)?$', '\\1\\2室') }}
    else {{ text }}
end
{%- endmacro %}


{#
  Chinese numerals before a unit as digits: 三组 → 3组, 十二栋 → 12栋, 二十三号 → 23号, 一〇二室 → 102室. Numerals inside
  the names of villages and streets stay, no unit follows them.
#}
{% macro address_numerals(value) -%}
{%- set units = '(?:村民小组|小组|组|号|栋|幢|座|单元|室|楼|层|队)' -%}
{%- set patterns = [
    ['([二三四五六七八九])十([一二三四五六七八九]' ~ units ~ ')', '\\1\\2'],
    ['([二三四五六七八九])十(' ~ units ~ ')', '\\1〇\\2'],
    ['十([一二三四五六七八九]' ~ units ~ ')', '一\\1'],
    ['十(' ~ units ~ ')', '一〇\\1'],
] -%}
{%- set state = namespace(text=value) -%}
{%- for pattern in patterns -%}
{%- set state.text = regex_replace(state.text, pattern[0], pattern[1]) -%}
{%- endfor -%}
{%- for numeral in '〇零一二三四五六七八九' -%}
{%- set digit = [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9][loop.index0] -%}
{%- set state.text = regex_replace(state.text, numeral ~ '([0-9〇零一二三四五六七八九]*' ~ units ~ ')', digit ~ '\\1') -%}
{%- endfor -%}
case when {{ regex_matches(value, '[〇零一二三四五六七八九十]' ~ units) }} then {{ state.text }} else {{ value }} end
{%- endmacro %}


{# What follows an abbreviated district shows that it was the name of a street or village instead: 北京朝阳路. #}
{% macro continues_place_name(value) -%}
{{ regex_matches(value, '^(?:路|街|道|大道|大街|巷|胡同|村|镇|乡|门|里|[东西南北中]路|[东西南北]?大?街|小区|花园|新村|[一二三四五六]路)') }}
{%- endmacro %}
