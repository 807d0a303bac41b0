{# Short forms of region names, as people write them. #}

{% macro province_short(value) -%}
{{ regex_replace(value, '(?:(?:壮族|回族|维吾尔)?自治区|特别行政区|省|市)$', '') }}
{%- endmacro %}

{% macro city_short(value) -%}
{{ regex_replace(value, '^(.{2,}?)(?:(?:' ~ nationalities() ~ ')*自治州|地区|盟|市)$', '\\1') }}
{%- endmacro %}

{# Other names in use for autonomous regions, prefectures and counties: 文山州, 长阳县, 广西省. Null for other regions. #}
{% macro region_alias(value) -%}
case
    when {{ regex_matches(value, '自治[县旗]$') }}
        then {{ regex_replace(value, '^(.{2,}?)(?:' ~ nationalities() ~ ')+自治([县旗])$', '\\1\\2') }}
    when {{ regex_matches(value, '自治州$') }}
        then {{ regex_replace(value, '^(.{2,}?)(?:' ~ nationalities() ~ ')+自治州$', '\\1州') }}
    when {{ regex_matches(value, '自治区$') }} then concat({{ province_short(value) }}, '省')
end
{%- endmacro %}

{# Nationalities as they stand in the names of autonomous regions. #}
{% macro nationalities() -%}
各族|壮族|回族|藏族|彝族|羌族|苗族|侗族|布依族|土家族|白族|傣族|景颇族|傈僳族|哈尼族|蒙古族?|朝鲜族|哈萨克族?|柯尔克孜|满族|瑶族|黎族|畲族|仡佬族|水族|纳西族|拉祜族|佤族|布朗族|普米族|怒族|独龙族|保安族|东乡族|撒拉族|土族|裕固族|锡伯|塔吉克|达斡尔族|鄂温克族|鄂伦春|仫佬族|毛南族
{%- endmacro %}

{# Of districts, counties and county-level cities: 长阳, 浦东, 枣阳. Names of one character keep their 区 or 县. #}
{% macro district_short(value) -%}
{{ regex_replace(value, '^(.{2,}?)(?:(?:' ~ nationalities() ~ ')*自治[县旗]|新区|区|县|市)$', '\\1') }}
{%- endmacro %}
