{#
  Names of people. A name goes through these macros in this order: compatible_form, person_name_signs, then what
  does not belong to it is taken off (alias, suffix, title), then latin_name for names without Chinese characters.
#}

{% macro has_chinese(value) -%}
{{ regex_matches(value, '[〇㐀-鿿豈-﫿𠀀-𳎿]') }}
{%- endmacro %}


{#
  Signs inside a name: one middle dot (U+00B7) for all the dots in use, no blanks between Chinese characters, and
  "?" for every character that was lost on the way (?, □, U+FFFD, *) or has a code that only one bank knows.
#}
{% macro person_name_signs(value) -%}
case
    when {{ regex_matches(value, '^[一-鿿]*$') }} then {{ value }}
    when {{ regex_matches(value, '[㐀-鿿𠀀-𳎿]') }}
        then {{ regex_replace(regex_replace(regex_replace(regex_replace(value,
            '[[:space:]\\x{200B}-\\x{200F}\\x{FEFF}\\x{00A0}]+', ''),
            '[•・‧∙⋅●.。｡･`·]+', '·'),
            '[□\\x{FFFD}*\\x{E000}-\\x{F8FF}]', '?'),
            '^·+|·+$', '') }}
    else {{ regex_replace(value, '[□\\x{FFFD}*\\x{E000}-\\x{F8FF}]', '?') }}
end
{%- endmacro %}


{# Name in Latin letters as a card shows it: capitals, single blanks, no title. ZHANG/SANFENG → ZHANG SANFENG. #}
{% macro latin_name(value) -%}
nullif(trim({{ regex_replace(regex_replace(without_accents("upper(" ~ value ~ ")"),
    "[^A-Z?''-]+", ' '),
    '^((MR|MRS|MS|MISS|DR) )+|( (MR|MRS|MS|MISS|DR))+ ?$', '') }}), '')
{%- endmacro %}


{# Former name told inside the name field: 张三(曾用名李四) → 李四. #}
{% macro told_former_name(value) -%}
{{ regex_extract(value, '(?:曾用名|原名|又名|别名|小名|化名|更名)[:：]?([^()?]{2,})[)]?$', 1) }}
{%- endmacro %}


{# Without remarks: what stands in brackets (also when the bracket was cut off), and former names. #}
{% macro without_alias(value) -%}
case
    when {{ regex_matches(value, '[(（\\[【<]|曾用名|原名|又名|别名|小名|化名|更名') }}
        then {{ regex_replace(value, '^(.{2,}?)(?:[(（\\[【<].*|(?:曾用名|原名|又名|别名|小名|化名|更名).*)$', '\\1') }}
    else {{ value }}
end
{%- endmacro %}


{# Without account suffixes: 张三1, 张三-养老, 张三户主, 张三之妻. #}
{% macro without_suffix(value) -%}
case
    when {{ regex_matches(value, '[0-9]$|[-_#/]|户主$|之[妻夫父母子女]$') }}
        then {{ regex_replace(value, '^([㐀-鿿𠀀-𳎿·?]{2,}?)(?:[-_#/].*|[0-9]+|户主|之[妻夫父母子女])$', '\\1') }}
    else {{ value }}
end
{%- endmacro %}


{#
  Two holders in one field (张三/李四, 张三、李四, 张三和李四): structure of `first` and `second`, empty or null where there
  are not two whole names.
#}
{% macro joint_names(value) -%}
{%- set one = '((?:' ~ surnames() ~ ')[㐀-鿿𠀀-𳎿?]{1,2})' -%}
case
    when {{ regex_matches(value, '[、/&+,;和与及]|[A-Z] ?& ?[A-Z]') }}
        then {{ regex_parts(value, '^' ~ one ~ '(?:[、/&+,;]|[和与及])' ~ one ~ '$', ['first', 'second']) }}
end
{%- endmacro %}


{#
  Without a title, when at least two characters remain. Titles that can be part of a name (总, 经理, 老师, 主任) are taken
  off only behind a surname and one or two characters.
#}
{% macro without_title(value) -%}
{%- set plain = '(?:先生|女士|小姐|同志|太太|阿姨|夫人|老板娘|老板)' -%}
{%- set part = '(?:老师|经理|师傅|主任|书记|校长|教授|局长|所长|厂长|队长|院长|村长|会计|医生|大夫|店长|董事长|总)' -%}
case
    when {{ regex_matches(value, plain ~ '$') }} then {{ regex_replace(value, '^(.{2,}?)' ~ plain ~ '+$', '\\1') }}
    when {{ regex_matches(value, part ~ '$') }}
        then {{ regex_replace(value, '^((?:' ~ surnames() ~ ').{1,2}?)' ~ part ~ '+$', '\\1') }}
    else {{ value }}
end
{%- endmacro %}


{# The commonest surnames (more than 98 % of people) and the compound ones, as a pattern. #}
{% macro surnames() -%}
欧阳|司马|上官|诸葛|东方|皇甫|尉迟|公孙|令狐|慕容|宇文|司徒|夏侯|长孙|澹台|申屠|鲜于|闾丘|万俟|端木|南宫|独孤|呼延|
{{- '' -}}
[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤常温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权强帅屠豆朴盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬来扈晁芮都普阙浦戈伏鹿薄邸雍辜羊阿乌母裘亓修邰赫杭况那宿鲜印逯隆茹诺战慕危玉银亢嵇公哈湛宾戎勾茅利於呼居揭干但尉冶斯元束檀衣信展阴昝智幸奉植衡富尧闭由]
{%- endmacro %}


{# Whether a name was only keyed in to get past a required field. #}
{% macro person_name_is_filler(value) -%}
{{ regex_matches("upper(" ~ value ~ ")", '^(测试.*|.{0,3}测试|TEST.*|.*[^A-Z]TEST|无名氏?|未知|未提供|无姓名|客户|新客户|匿名.?.?|先生|女士|小姐|.?某某?某?|X+|[A-Z]|[?]+|[^A-Z〇㐀-鿿𠀀-𳎿]+)$') }}
{%- endmacro %}


{# The name of a related person (spouse, legal representative), as far as one expression goes. #}
{% macro related_person_name(value) -%}
{{ regex_replace(compatible_form(value), '[[:space:]]+', '') }}
{%- endmacro %}
