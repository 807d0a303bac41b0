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

{#
  Trades, as the name of a company ends with them before its legal form: 汇泰食品 → 食品. The rest is its own name (字号),
  of two characters at least.
#}
{% macro organization_industries() -%}
信息技术|信息科技|网络科技|生物科技|电子商务|电子科技|文化传媒|文化传播|文化艺术|文化旅游|房地产开发|房地产|物业管理|物业服务|物业|建筑工程|建设工程|市政工程|园林绿化|装饰工程|装饰装修|装饰|装潢|建筑装饰|建筑材料|建筑劳务|建筑|建材|建设|工程|劳务服务|劳务派遣|劳务|人力资源|供应链管理|供应链|国际物流|物流|货运代理|货运|运输|仓储|快递|国际贸易|进出口|对外贸易|商贸|贸易|百货|超市|零售|批发|粮油食品|粮油|食品|饮料|酒业|茶业|茶叶|餐饮管理|餐饮|饭店|酒店管理|酒店|宾馆|旅行社|旅游|纺织|服装|服饰|鞋业|皮革|家居|家具|木业|纸业|印刷|包装|塑料|塑业|橡胶|化工|化学|医药|制药|药业|医疗器械|医疗|健康管理|生物|机械设备|机械制造|机械|机电设备|机电|五金|模具|仪器|仪表|电气|电器|电子|电力|电缆|光电|半导体|通信|通讯|软件|网络|科技发展|科技|技术|自动化|智能|新材料|材料|金属制品|金属|钢铁|钢材|铝业|铜业|矿业|煤业|石油|燃气|热力|能源|新能源|环保|水务|水利|汽车销售|汽车服务|汽车|农业科技|农业发展|农业|农资|种业|种植|养殖|畜牧|渔业|水产|林业|园艺|花木|果蔬|果业|蔬菜|农机|投资管理|投资|资产管理|资产|资本|融资担保|担保|小额贷款|典当|融资租赁|租赁|保险代理|保险经纪|保险|证券|基金管理|基金|银行|信托|咨询服务|咨询|广告|传媒|影视|教育科技|教育|培训|体育|会展|设计|策划|商务服务|商务|企业管理|管理|服务|家政|保安|保洁|美容|珠宝|工艺品|工艺|实业|置业|开发|发展|制造|加工|制品|产业
{%- endmacro %}

{% macro organization_industry(value) -%}
{{ regex_extract(value, '^.{2,}?((?:' ~ organization_industries() ~ ')+)$', 1) }}
{%- endmacro %}

{% macro organization_brand(value) -%}
{{ regex_replace(value, '^(.{2,}?)(?:' ~ organization_industries() ~ ')+$', '\\1') }}
{%- endmacro %}


{# Former name told inside the name: 汇泰食品有限公司(原襄樊汇泰粮油公司) → 襄樊汇泰粮油公司. #}
{% macro told_former_organization(value) -%}
{{ regex_extract(value, '[(](?:原名|曾用名|原)[:：]?([^()]{4,})[)]?$', 1) }}
{%- endmacro %}

{% macro without_former_organization(value) -%}
{{ regex_replace(value, '^(.{4,}?)[(](?:原名|曾用名|原)[^()]{4,}[)]?$', '\\1') }}
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
