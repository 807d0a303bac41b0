{# Short forms of region names, as people write them. #}

{% macro province_short(value) -%}
{{ regex_replace(value, '(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市)$', '') }}
{%- endmacro %}

{% macro city_short(value) -%}
{{ regex_replace(value, '(?:(?:藏族|彝族|羌族|苗族|侗族|布依族|土家族|白族|傣族|景颇族|傈僳族|哈尼族|壮族|回族|蒙古族|蒙古|朝鲜族|哈萨克|柯尔克孜)*自治州|地区|盟|市)$', '') }}
{%- endmacro %}

{# Of districts, counties and county-level cities only; autonomous counties and one-character names keep theirs. #}
{% macro district_short(value) -%}
case
    when {{ regex_matches(value, '自治[县旗]$') }} then {{ value }}
    else {{ regex_replace(value, '^(.{2,}?)(?:新区|区|县|市)$', '\\1') }}
end
{%- endmacro %}
