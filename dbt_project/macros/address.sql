{# Addresses: signs, units and numerals in one form, so that the same door reads the same. #}

{#
  No blanks, one sign for "number" and for hyphens; no separators between Chinese characters (浙江省-杭州市 → 浙江省杭州市);
  no post code, label or country in front. Expects the compatible form.
#}
{% macro address_signs(value) -%}
{%- set dropped = '[:space:]\\x{200B}-\\x{200F}\\x{FEFF}\\x{00A0}，。、,;；|?' -%}
{%- set han = '[㐀-鿿]' -%}
case
    when {{ regex_matches(value, '[' ~ dropped ~ '號#—–―‐_/>.·-]|^[^㐀-鿿]|^中[国华]|地址|.中国.*[省市]|(?i:null)|[市州]市辖区|直辖') }}
        then {{ regex_replace(regex_replace(regex_replace(regex_replace(regex_replace(regex_replace(value,
            '(?i:null)|[' ~ dropped ~ ']+', ''),
            '[號#]', '号'),
            '[—–―‐]+', '-'),
            '(' ~ han ~ ')[-_/>.·]+(' ~ han ~ ')', '\\1\\2'),
            '^(?:[^㐀-鿿0-9A-Za-z(]+|[0-9]{6}(?:[^0-9A-Za-z-])??|(?:.{0,2}地址|住址):?|(?:中华人民共和国|中国)(?:大陆)?)+([㐀-鿿])', '\\1'),
            '([市州省区县])(?:市辖区|中国|(?:省|自治区)?直辖县级?行政(?:区划|单位))', '\\1') }}
    else {{ value }}
end
{%- endmacro %}


{# The Chinese characters an address begins with, as many as a region can have. #}
{% macro address_head(value) -%}
{{ regex_extract(value, '^[㐀-鿿]{2,36}', 0) }}
{%- endmacro %}


{#
  The region at the beginning of texts of Chinese characters: query of `head` and the longest `spelling` it begins
  with, for the heads of a relation that begin with any. A short name is not read where a street of that name is meant.
#}
{% macro longest_region(heads, spellings) -%}
select
    prefix.head,
    max_by(spelling.spelling, spelling.characters) as spelling
from (
    select
        heads.head,
        beginning.characters,
        left(heads.head, beginning.characters) as front
    from {{ heads }} as heads
    inner join (select distinct beginning, characters from {{ spellings }}) as beginning
        on
            left(heads.head, 2) = beginning.beginning
            and length(heads.head) >= beginning.characters
) as prefix
inner join {{ spellings }} as spelling on prefix.front = spelling.spelling
where
    not (spelling.is_short and {{ continues_place_name('substr(prefix.head, prefix.characters + 1)') }})
    and not (spelling.is_single_short and {{ continues_institution('substr(prefix.head, prefix.characters + 1)') }})
    and (not spelling.is_bare_short or {{ continues_with_smaller_place('substr(prefix.head, prefix.characters + 1)') }})
group by prefix.head
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
{{ regex_matches(value, '^(?:路|街|道|大道|大街|巷|胡同|村|镇|乡|门|里|[东西南北中]路|[东西南北]?大?街|小区|花园|新村|[一二三四五六]路|湾|大厦|广场|家园|公寓|大酒店|宾馆|饭店)') }}
{%- endmacro %}


{# What follows a short district without its province or city shows that it was one: a town, village or street. #}
{% macro continues_with_smaller_place(value) -%}
{{ regex_matches(value, '^(?:[一-鿿]{2,4}(?:镇|乡|街道|村)|[一-鿿]{2,4}(?:路|大道|大街))') }}
{%- endmacro %}


{# Towns and villages written in front of the region: 东山街道秦皇岛市北戴河区 → 东山街道. Null where there are none. #}
{% macro leading_towns(value) -%}
{{ regex_extract(value, '^((?:[一-鿿]{1,5}?(?:街道|镇|乡|村))+)[一-鿿]{2,9}[省市区县]', 1) }}
{%- endmacro %}


{#
  Components below the district, from a detail in one form. The front of the detail names town, village, road and door
  number; its end names building, unit, floor and room; what stands between is the place (小区, 大厦, 单位).
#}
{% macro address_front(detail) -%}
{%- set town = '[㐀-鿿]{1,7}?(?:街道办事处|街道|镇|乡|苏木)' -%}
{%- set village = '[㐀-鿿]{1,8}?(?:社区|居委会|居民委员会|村委会|村民委员会|行政村|自然村|[^新农城中]村|嘎查)' -%}
{%- set road = '[0-9]{0,3}[号㐀-鿿]{1,9}?(?:大道|大街|公路|国道|省道|支路|胡同|路|街|巷|弄)(?:[东西南北中]段)?|[㐀-鿿]{2,6}?[0-9]+(?:路|街|巷|弄)|[0-9]+(?:国道|省道|街|路|弄)|[㐀-鿿]{2,5}道' -%}
{%- set number = '(?:[0-9]+组)?[0-9A-Z]+(?:-[0-9A-Z]+)*(?:号院?|弄)(?:附[0-9]+号)?|[0-9]+组' -%}
{%- set behind_village = '(' ~ road ~ ')?(' ~ number ~ ')?(.*)$' -%}
{%- set names = ['town', 'village', 'road', 'road_number', 'rest'] -%}
{%- set nothing = '([0-9]{0})' -%}
{#- 景德镇路 and 中关村大街 are streets -#}
case
    when {{ regex_matches(detail, '^[㐀-鿿]{1,6}?[镇乡村][东西南北中]?(?:路|街|巷|大道|大街)') }}
        then {{ regex_parts(detail, '^' ~ nothing ~ nothing ~ behind_village, names) }}
    else {{ regex_parts(detail, '^(' ~ town ~ ')?(' ~ village ~ ')?' ~ behind_village, names) }}
end
{%- endmacro %}

{# A door number without its sign: what stands behind a road as digits and is no part of a building. #}
{% macro bare_road_number(rest) -%}
{{ regex_extract(rest, '^([0-9]+(?:-[0-9]+)?)(?:$|[^0-9A-Z栋单层楼室区期组队-])', 1) }}
{%- endmacro %}

{# What follows building, unit or floor and is no room (a company's name, a remark) is no component. #}
{% macro address_end(rest) -%}
{%- set names = ['poi', 'building', 'unit', 'floor', 'room'] -%}
{%- set building = '([0-9A-Z]+(?:-[0-9A-Z]+)?栋)' -%}
{%- set unit = '([0-9A-Z东西中甲乙丙丁]+单元)' -%}
{%- set floor = '((?:负|地下|B)?[0-9]+[层楼])' -%}
{%- set room = '([0-9A-Z]+(?:-[0-9A-Z]+)?[室号户]?)' -%}
{%- set remark = '(?:[^0-9A-Z].*)?$' -%}
{%- set nothing = '([0-9]{0})' -%}
case
    when {{ regex_matches(rest, '[0-9]-[0-9]+-[0-9]+室?$') }}
        then {{ regex_parts(rest, '^(.*?)([0-9A-Z]+)栋?-([0-9A-Z]+)(?:单元)?-' ~ nothing ~ '([0-9A-Z]+)室?$', names) }}
    when {{ regex_matches(rest, '[0-9A-Z]栋') }}
        then {{ regex_parts(rest, '^(.*?)' ~ building ~ unit ~ '?' ~ floor ~ '?' ~ room ~ '?' ~ remark, names) }}
    when {{ regex_matches(rest, '[0-9A-Z]单元') }}
        then {{ regex_parts(rest, '^(.*?)' ~ nothing ~ unit ~ floor ~ '?' ~ room ~ '?' ~ remark, names) }}
    when {{ regex_matches(rest, '[0-9][层楼]') }}
        then {{ regex_parts(rest, '^(.*?)' ~ nothing ~ nothing ~ floor ~ room ~ '?' ~ remark, names) }}
    when {{ regex_matches(rest, '[^0-9A-Z-][0-9A-Z]+-[0-9]+室?$') }}
        then {{ regex_parts(rest, '^(.*?[^0-9A-Z-])([0-9A-Z]+)-' ~ nothing ~ nothing ~ '([0-9]+)室?$', names) }}
    else {{ regex_parts(rest, '^(.*?)' ~ nothing ~ nothing ~ nothing ~ room ~ '?$', names) }}
end
{%- endmacro %}


{# Whether an address was only keyed in to get past a required field: 测试, 同上, 1111, xxx, nothing to find a door by. #}
{% macro address_is_filler(value) -%}
coalesce({{ regex_matches('upper(' ~ value ~ ')', '^(?:测试.*|.{0,4}测试|TEST.*|NULL|无|不详|未知|空|暂无|同上|地址|住址|家|家里|本地|无地址|无固定.*|[A-Z]{1,4}|[^A-Z㐀-鿿]*|(?:某+[省市县区路]*)+)$') }}, true)
{%- endmacro %}


{#
  What follows one short province or city shows that it belongs to the name of an institution: 浙江大学, 湖州中心医院,
  宁波高新区. A district, town or street before that shows the contrary.
#}
{% macro continues_institution(value) -%}
{{ regex_matches(value, '^[^区县市镇乡路街村道]{0,12}?(?:大学|学院|学校|[中小]学|幼儿园|医院|公司|集团|中心|市场|银行|机场|[东西南北]站|商城|商贸城|工业园?区|开发区|高新区|园区|新区|大厦|酒店|厂)') }}
{%- endmacro %}


{# Whether a detail begins with a district of which the region knows nothing, e.g. one of another city. #}
{% macro starts_with_district(value) -%}
coalesce(
    {{ regex_matches(value, '^[㐀-鿿]{2,3}[区县市]') }}
    and not {{ regex_matches(value, '^[㐀-鿿]{0,3}(?:[小园校社新城市景库厂矿片]|开发|工业|高新|保税|示范|[一二三四五六七八九十东西南北中ABC])区|^[㐀-鿿]{0,3}[超门城]市') }},
    false
)
{%- endmacro %}
