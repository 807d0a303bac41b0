{#
  Characters: the primitives that differ between SQL dialects stand here, and only here, as dispatched macros.
  An engine other than DuckDB brings its own <engine>__… implementations; all other macros are built on these.
#}

{% macro regex_matches(value, pattern) %}
{{- return(adapter.dispatch('regex_matches', 'customer_mdm')(value, pattern)) -}}
{% endmacro %}

{% macro duckdb__regex_matches(value, pattern) -%}
regexp_matches({{ value }}, '{{ pattern }}')
{%- endmacro %}


{# Replaces every occurrence. #}
{% macro regex_replace(value, pattern, replacement) %}
{{- return(adapter.dispatch('regex_replace', 'customer_mdm')(value, pattern, replacement)) -}}
{% endmacro %}

{% macro duckdb__regex_replace(value, pattern, replacement) -%}
regexp_replace({{ value }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}


{# The part of the first occurrence in this group; null when there is none. #}
{% macro regex_extract(value, pattern, group) %}
{{- return(adapter.dispatch('regex_extract', 'customer_mdm')(value, pattern, group)) -}}
{% endmacro %}

{% macro duckdb__regex_extract(value, pattern, group) -%}
nullif(regexp_extract({{ value }}, '{{ pattern }}', {{ group }}), '')
{%- endmacro %}


{# The groups of the first occurrence as a structure of texts with these names; empty texts when there is none. #}
{% macro regex_parts(value, pattern, names) %}
{{- return(adapter.dispatch('regex_parts', 'customer_mdm')(value, pattern, names)) -}}
{% endmacro %}

{% macro duckdb__regex_parts(value, pattern, names) -%}
regexp_extract({{ value }}, '{{ pattern }}', {{ names }})
{%- endmacro %}


{# Position of a text within another, from 1; 0 when absent. #}
{% macro position_in(text, part) %}
{{- return(adapter.dispatch('position_in', 'customer_mdm')(text, part)) -}}
{% endmacro %}

{% macro duckdb__position_in(text, part) -%}
strpos({{ text }}, {{ part }})
{%- endmacro %}


{% macro integer_quotient(dividend, divisor) %}
{{- return(adapter.dispatch('integer_quotient', 'customer_mdm')(dividend, divisor)) -}}
{% endmacro %}

{% macro duckdb__integer_quotient(dividend, divisor) -%}
({{ dividend }} // {{ divisor }})
{%- endmacro %}


{#
  A typed value as text without blanks around it: space, tab, line ends, NUL, no-break, full-width and zero-width.
  Guarded, because trimming many kinds of blanks is slow and few values need it.
#}
{% macro trimmed(value) %}
{{- return(adapter.dispatch('trimmed', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__trimmed(value) -%}
{%- set text = 'cast(' ~ value ~ ' as varchar)' -%}
case
    when regexp_matches({{ text }}, '^[{{ blanks() }}]|[{{ blanks() }}]$')
        then regexp_replace({{ text }}, '^[{{ blanks() }}]+|[{{ blanks() }}]+$', '', 'g')
    else {{ text }}
end
{%- endmacro %}

{% macro blanks() -%}
[:space:]\x00\x{00A0}\x{3000}\x{FEFF}\x{200B}
{%- endmacro %}


{# Latin letters without their accents: Lü → Lu. #}
{% macro without_accents(value) %}
{{- return(adapter.dispatch('without_accents', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__without_accents(value) -%}
strip_accents({{ value }})
{%- endmacro %}


{# Full-width letters, digits and signs in half width. Guarded: translate is slow and few values need it. #}
{% macro half_width(value) %}
{{- return(adapter.dispatch('half_width', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__half_width(value) -%}
case
    when regexp_matches({{ value }}, '[！-～　]')
        then translate({{ value }}, '{{ full_width_characters() }}', '{{ half_width_characters() }}')
    else {{ value }}
end
{%- endmacro %}

{# The blank stands second: Jinja would cut it off at the end. #}
{% macro full_width_characters() -%}
！　＂＃＄％＆＇（）＊＋，－．／０１２３４５６７８９：；＜＝＞？＠ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ［＼］＾＿｀ａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ｛｜｝～
{%- endmacro %}

{% macro half_width_characters() -%}
! "#$%&''()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_`abcdefghijklmnopqrstuvwxyz{|}~
{%- endmacro %}


{#
  The compatible form of a text, as Unicode NFKC gives it for what occurs in Chinese bank data: full-width signs,
  Kangxi radicals (⼩ → 小), compatibility ideographs; and GB 18030 codes that decode into the private use area on one
  computer and into assigned characters on the next (U+E81E → U+9FB4). DuckDB has NFC only.
#}
{% macro compatible_form(value) %}
{{- return(adapter.dispatch('compatible_form', 'customer_mdm')(value)) -}}
{% endmacro %}

{% macro duckdb__compatible_form(value) -%}
case
    when regexp_matches({{ value }}, '[！-～　⺟⻳⼀-⿕\x{F900}-\x{FAFF}\x{E000}-\x{F8FF}\x{0300}-\x{036F}]')
        then nfc_normalize(translate({{ value }},
            concat('{{ full_width_characters() }}', '{{ radical_characters() }}', {{ private_use_characters(0) }}),
            concat('{{ half_width_characters() }}', '{{ unified_characters() }}', {{ private_use_characters(1) }})
        ))
    else {{ value }}
end
{%- endmacro %}

{% macro radical_characters() -%}
⼀⼁⼂⼃⼄⼅⼆⼇⼈⼉⼊⼋⼌⼍⼎⼏⼐⼑⼒⼓⼔⼕⼖⼗⼘⼙⼚⼛⼜⼝⼞⼟⼠⼡⼢⼣⼤⼥⼦⼧⼨⼩⼪⼫⼬⼭⼮⼯⼰⼱⼲⼳⼴⼵⼶⼷⼸⼹⼺⼻⼼⼽⼾⼿⽀⽁⽂⽃⽄⽅⽆⽇⽈⽉⽊⽋⽌⽍⽎⽏⽐⽑⽒⽓⽔⽕⽖⽗⽘⽙⽚⽛⽜⽝⽞⽟⽠⽡⽢⽣⽤⽥⽦⽧⽨⽩⽪⽫⽬⽭⽮⽯⽰⽱⽲⽳⽴⽵⽶⽷⽸⽹⽺⽻⽼⽽⽾⽿⾀⾁⾂⾃⾄⾅⾆⾇⾈⾉⾊⾋⾌⾍⾎⾏⾐⾑⾒⾓⾔⾕⾖⾗⾘⾙⾚⾛⾜⾝⾞⾟⾠⾡⾢⾣⾤⾥⾦⾧⾨⾩⾪⾫⾬⾭⾮⾯⾰⾱⾲⾳⾴⾵⾶⾷⾸⾹⾺⾻⾼⾽⾾⾿⿀⿁⿂⿃⿄⿅⿆⿇⿈⿉⿊⿋⿌⿍⿎⿏⿐⿑⿒⿓⿔⿕⺟⻳
{%- endmacro %}

{% macro unified_characters() -%}
一丨丶丿乙亅二亠人儿入八冂冖冫几凵刀力勹匕匚匸十卜卩厂厶又口囗土士夂夊夕大女子宀寸小尢尸屮山巛工己巾干幺广廴廾弋弓彐彡彳心戈戶手支攴文斗斤方无日曰月木欠止歹殳毋比毛氏气水火爪父爻爿片牙牛犬玄玉瓜瓦甘生用田疋疒癶白皮皿目矛矢石示禸禾穴立竹米糸缶网羊羽老而耒耳聿肉臣自至臼舌舛舟艮色艸虍虫血行衣襾見角言谷豆豕豸貝赤走足身車辛辰辵邑酉釆里金長門阜隶隹雨靑非面革韋韭音頁風飛食首香馬骨高髟鬥鬯鬲鬼魚鳥鹵鹿麥麻黃黍黑黹黽鼎鼓鼠鼻齊齒龍龜龠母龟
{%- endmacro %}

{# All 25 two-byte codes of GB 18030-2005 that Python decodes into the private use area (0) and glibc as assigned (1). #}
{% macro private_use_characters(side) -%}
{%- set pairs = [
    (59277, 65040), (59278, 65042), (59279, 65041), (59280, 65043), (59281, 65044), (59282, 65045),
    (59283, 65046), (59284, 65047), (59285, 65048), (59286, 65049), (59335, 7743), (59414, 131207),
    (59415, 131209), (59416, 131276), (59422, 40884), (59430, 40885), (59435, 40886), (59436, 40887),
    (59441, 136663), (59442, 40888), (59451, 141711), (59459, 40889), (59476, 40890), (59477, 147966),
    (59492, 40891),
] -%}
{% for pair in pairs %}chr({{ pair[side] }}){{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
