"""Word lists for names: facts about how common surnames are, and characters in the order people use them.

Surnames: `character pinyin share`, share in hundredths of a per cent of the population (rounded; the top hundred cover
about 86 %). Given-name characters: most frequent first, one list per sex and generation.
"""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


SURNAMES = """
王wang749 李li737 张zhang703 刘liu531 陈chen455 杨yang337 黄huang235 赵zhao211 吴wu200 周zhou196 徐xu150
孙sun146 朱zhu132 马ma131 胡hu120 郭guo115 何he107 高gao104 罗luo99 林lin98 郑zheng91 梁liang84 谢xie75 宋song73
唐tang71 韩han64 许xu64 冯feng63 邓deng62 曹cao62 彭peng59 曾zeng57 肖xiao55 田tian54 董dong53 袁yuan52 于yu51
潘pan51 蒋jiang49 杜du49 蔡cai49 余yu48 程cheng47 魏wei46 叶ye46 吕lv45 丁ding45 苏su45 任ren43 沈shen42 姚yao42
姜jiang41 卢lu41 崔cui40 钟zhong39 谭tan38 汪wang38 范fan38 陆lu37 金jin37 石shi35 廖liao35 贾jia35 夏xia33
付fu33 方fang32 韦wei31 邹zou31 白bai30 熊xiong30 孟meng30 秦qin30 邱qiu28 尹yin27 江jiang27 薛xue27 闫yan26
侯hou26 段duan25 雷lei25 史shi22 龙long22 陶tao22 顾gu22 贺he21 黎li21 郝hao21 毛mao21 邵shao21 龚gong21 万wan20
钱qian19 武wu19 严yan19 戴dai19 孔kong18 向xiang18 覃qin18 常chang17 汤tang17 莫mo17 康kang16 文wen16 温wen16
牛niu16 代dai16 赖lai16 洪hong15 葛ge15 施shi15 邢xing15 安an15 樊fan14 齐qi14 乔qiao14 易yi14 庞pang13 倪ni13
伍wu13 鲁lu13 聂nie12 章zhang12 岳yue12 颜yan12 殷yin12 翟zhai12 申shen11 耿geng11 庄zhuang11 左zuo10 焦jiao10
兰lan10 关guan10 俞yu10 柳liu9 祝zhu9 纪ji9 舒shu8 梅mei8 童tong8 霍huo8 阮ruan8 尚shang7 成cheng7 詹zhan7
鲍bao7 喻yu7 柴chai6 骆luo6 解xie6 单shan5 仇qiu3 查zha4 盖ge2 区ou3 朴piao4 缪miao2 冼xian1 逄pang1 种chong1
乐yue2 燕yan3 瞿qu5 靳jin6 苗miao6 涂tu7 郎lang3 宁ning5 尤you6 晏yan2 明ming2 甘gan6 车che5 欧阳ouyang9
上官shangguan2 司马sima1 诸葛zhuge1 皇甫huangfu1 尉迟yuchi1 令狐linghu1 司徒situ1 夏侯xiahou1 慕容murong1
"""

# (sex, first birth year of the generation) -> characters, most frequent first
GIVEN: dict[tuple[str, int], str] = {
    (
        "M",
        1900,
    ): "明国文华德建志平忠金生清永玉春福成光新荣海军云学林祥义世兴江贵家庆振东才山发民长友树正良贤宝根安全水天喜保",
    (
        "M",
        1960,
    ): "军伟勇强建明国平华海志斌涛波刚辉峰杰东新红林永春飞超文宏俊利兵成鹏龙健亮江松庆光立晓云磊忠洪旭祥义胜宁凯全",
    (
        "M",
        1980,
    ): "伟磊鹏超杰涛勇强波飞明俊军亮辉凯龙斌峰鑫浩旭健文晓帅阳刚志宇博洋晨刘雷林建海彬凡佳坤威瑞东睿毅翔锋楠骏奇诚",
    (
        "M",
        1995,
    ): "宇浩杰文子俊轩博涛鑫豪泽嘉天瑞晨凯昊旭睿阳龙佳志一航铭逸辰奕皓然恒煜泓哲翔成恩钰烨霖帆铠诺源承宸屹熙峻禹",
    (
        "F",
        1900,
    ): "英秀玉兰珍芳华桂淑凤梅素云莲香春芬爱翠清琴月荣美菊霞珠红金惠慧仙贞娥巧俊琼银改连竹彩芝花瑞文娣莉敏喜青瑛雪",
    (
        "F",
        1960,
    ): "丽红梅英华霞艳敏玲燕萍娟芳秀玉琴晓云春兰慧静芬莉爱琳洁雪翠蓉桂凤丹颖平珍清菊淑香利娜素青蕾小美惠文萌芸婷月",
    (
        "F",
        1980,
    ): "丽静艳娟燕婷娜敏芳晓玲雪红洁琳颖丹倩霞莉慧文佳小蕾莹薇媛琴萍萌梦娇云秀洋瑶欢璐蓉月思芬雯菲妮岩珊晶青苗璇露",
    (
        "F",
        1995,
    ): "欣雨佳梦婷子怡诗琪雅思慧嘉涵文悦萱梓语可心妍晴玥瑶静琳颖馨若雪紫晓艺一钰洁然彤琦婧月宁芷依薇桐甜诺曦伊蕊灵舒汐",
}

# whole given names far more frequent than their characters would make them
POPULAR: dict[tuple[str, int], str] = {
    ("M", 1900): "建国 建华 国华 明 文明 志强 德明 国强 永福 春生 金生 志明",
    ("M", 1960): "军 勇 伟 强 建国 建军 建平 志强 海涛 小军 斌 平",
    ("M", 1980): "伟 磊 超 鹏 勇 杰 涛 浩 志强 俊杰 文杰 建伟",
    ("M", 1995): "浩然 子轩 宇轩 浩宇 俊杰 博文 宇航 文博 梓豪 天宇 鑫 杰",
    ("F", 1900): "秀英 桂英 秀兰 玉兰 玉英 淑珍 桂兰 秀珍 凤英 玉珍 素珍 兰英",
    ("F", 1960): "丽 艳 红 敏 芳 霞 玲 春梅 丽华 红梅 秀丽 小红",
    ("F", 1980): "静 丽 娟 艳 婷 婷婷 燕 娜 敏 丹丹 芳 洁",
    ("F", 1995): "欣怡 雨涵 梓涵 诗涵 子涵 佳怡 梦琪 雨欣 佳琪 思雨 婷 静",
}

# names that a GB2312 system loses (喆玥…), that need GB18030 (䶮㛃…), and, last, those that travel as private-use code
# points because the code page's own converters disagree
RARE_LOST = "喆玥珺祎垚璟堃犇昇淼骉翀赟旻曌甯"
RARE_KEPT = "䶮㛃𫖯𬱖𬀩𬍛"
# assigned character -> the private-use code point some systems still hold (GB 18030-2000 tables)
PRIVATE_USE: dict[str, str] = {
    "\U00020087": "\ue816",
    "\u9fb5": "\ue826",
    "\u9fb7": "\ue82c",
    "\u9fba": "\ue854",
    "\u9fbb": "\ue864",
    "\U000241fe": "\ue855",
}
RARE_PINYIN: dict[str, str] = {
    "䶮": "yan", "㛃": "jie", "𫖯": "fu", "𬱖": "wei", "𬀩": "wei", "𬍛": "yu", "喆": "zhe", "玥": "yue", "珺": "jun",
    "祎": "yi", "垚": "yao", "璟": "jing", "堃": "kun", "犇": "ben", "昇": "sheng", "淼": "miao", "骉": "biao",
    "翀": "chong", "赟": "yun", "旻": "min", "曌": "zhao", "甯": "ning", "\U00020087": "zuo", "\u9fb5": "mu",
    "\u9fb7": "hu", "\u9fba": "mai", "\u9fbb": "ao", "\U000241fe": "ying",
}  # fmt: skip

# Uyghur, Kazakh, Tibetan and Yi names as written in Chinese: own name and father's (or clan) name
MINORITY_OWN = words("""
阿卜杜拉 阿卜来提 买买提 艾合买提 吐尔逊 玉素甫 依布拉音 努尔买买提 古丽娜尔 阿依古丽 热依汗 帕提古丽 麦麦提明
艾尼瓦尔 木合塔尔 沙吾列提 叶尔肯 古力扎 阿孜古丽 迪丽努尔 阿卜杜热合曼 艾则孜江 扎西 卓玛 曲木 阿苏
""")
MINORITY_FATHER = words("""
买买提 艾买提 吐尔逊 依明 卡德尔 阿不都热合曼 如则托合提 麦麦提吐尔逊 肉孜 沙迪克 托合提 阿卜杜喀迪尔 马木提
亚森 努尔买买提 哈德尔 巴依尔 尼牙孜 赛买提 玉努斯 次仁 多吉 日木 尔古
""")
MINORITY_LATIN = words("ABUDULA MAIMAITI TUERXUN AIMAITI YUSUFU ALIYA NUERLAN KADEER YASEN TUOHETI")

FOREIGN_FAMILY = words("""
SMITH JOHNSON WILLIAMS BROWN MILLER GARCIA NGUYEN KIM PARK TANAKA SATO MUELLER SCHMIDT ROSSI DUBOIS IVANOV
PETROVA SINGH KHAN SILVA SANTOS ANDERSSON HANSEN NOVAK COSTA LEE TRAN OKAFOR HASSAN ALVAREZ
""")
FOREIGN_GIVEN_M = words("JOHN DAVID MICHAEL DANIEL ROBERT THOMAS PETER MARTIN PAUL KENJI MINJUN IVAN CARLOS AHMED OMAR")
FOREIGN_GIVEN_F = words("MARY ANNA LINDA SARAH EMMA LAURA MARIA JULIA SOFIA YUKI JIWOO OLGA ELENA FATIMA AISHA")
FOREIGN_NATIONS = ("USA", "GBR", "DEU", "FRA", "JPN", "KOR", "VNM", "RUS", "IND", "CAN", "AUS", "BRA")
NATION_NUMBERS = ("840", "826", "276", "250", "392", "410", "704", "643", "356", "124", "036", "076")

# pairs of characters that a clerk takes for one another
LOOK_ALIKE = """
杨扬 玲铃 晴睛 婷停 娟捐 梅海 刚钢 峰锋 伟纬 芬芳 明朋 洁浩 莉利 燕蒸 霞露 敏繁 军车 强张 国图 建健 华毕 波玻
涛寿 辉浑 杰木 斌武 磊垒 鹏棚 超起 龙尤 浩洁 宇字 轩轲 博搏 文又 子予 欣欢 怡恰 佳住 琪棋 雅稚 思恩 慧彗 嘉喜
涵函 秀禾 英央 玉王 兰三 珍诊 桂佳 淑叔 凤风 素索 莲连 春舂 翠碎 清请 琴瑟 月目 荣茉 丽俪 静净 艳滟 颖颍 倩债
蕾雷 薇微 媛援 萍苹 平乎 志忘 忠患 金全 永水 福幅 成咸 光兴 新斯 庆床 俊峻 凯铠 晨辰 阳阴 志忐 勇男 红江
小少
"""
