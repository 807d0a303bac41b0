"""Chinese characters as names need them: simplified form, sound, shape, and where the surname ends.

Each character is looked up once per process, so a million names cost little more than their length. Nothing here
changes a stored value: all results are comparison keys (OpenCC would turn 李乾 into 李干).
"""

from __future__ import annotations

from functools import cache, lru_cache

from opencc import OpenCC
from pypinyin import Style, lazy_pinyin

LOST = "?"  # what standardisation writes for a character that a system could not keep
DOT = "·"  # U+00B7, the one separator inside minority and foreign names

# readings in surname position; the first is the usual one (pypinyin has no surname mode)
SURNAME_READINGS: dict[str, tuple[str, ...]] = {
    "曾": ("zeng",), "单": ("shan",), "解": ("xie",), "仇": ("qiu",), "查": ("zha",), "翟": ("zhai",),
    "盖": ("ge", "gai"), "区": ("ou",), "朴": ("piao", "pu"), "繁": ("po",), "乐": ("yue", "le"), "燕": ("yan",),
    "种": ("chong",), "冼": ("xian",), "洗": ("xian",), "任": ("ren",), "华": ("hua",), "秘": ("bi",),
    "缪": ("miao",), "宓": ("mi", "fu"), "员": ("yun",), "逄": ("pang",), "召": ("shao",), "黑": ("he",),
    "纪": ("ji",), "葛": ("ge",), "哈": ("ha",), "过": ("guo",), "尉迟": ("yuchi",), "万俟": ("moqi",),
    "令狐": ("linghu",), "长孙": ("zhangsun",), "澹台": ("tantai",), "单于": ("chanyu",), "吕": ("lv",),
}  # fmt: skip

# readings inside names where a dictionary's first reading is another
_NAME_READINGS = {"卜": "bu", "晟": "sheng", "乐": "le", "重": "chong", "行": "xing", "奇": "qi"}

_COMPOUND_NAMES = """
欧阳 上官 司马 诸葛 皇甫 尉迟 令狐 司徒 夏侯 慕容 公孙 轩辕 东方 南宫 万俟 闻人 长孙 宇文 司空 独孤 呼延 端木
西门 百里 东郭 申屠 公冶 宗政 濮阳 淳于 单于 太叔 鲜于 闾丘 澹台 拓跋 钟离 第五 公羊 赫连 仲孙 左丘 谷梁 梁丘
"""
COMPOUND_SURNAMES = frozenset(_COMPOUND_NAMES.split())

# characters that are taken for one another by eye, when a form is keyed from paper; one group each
_LOOK_ALIKE = """
水永冰 国图园围 秀禾季委 武斌 繁敏敛 欢欣次 佳住往 荣荥 莹营 芸苦 芝芷 若苦 茜莤 艺芝 梦婪 月用 目自
未末 己已巳 戊戌戍 土士 干千于 天夭 日曰 人入 午牛 王玉 刘刈 令今 冶治 析折 侯候 博搏 杨扬 陈阵 赵起 郭敦 徐除
朱未 何荷 高亮 林材 郑邓 谢榭 宋宗 唐塘 冯吗 曹槽 彭膨 肖尚 田由甲申 董懂 袁哀 潘播 蔡察 余佘 魏巍 叶计 丁宁
苏办 沈沉 姜美 卢庐 崔催 钟种 谭潭 汪注 范苑 石右 廖寥 贾费 夏复 付什 方万 韦书 邹郐 白自 熊态 孟盂 秦泰 邱郎
尹伊 江汪 薛薜 段叚 雷需 史吏 龙尤 陶淘 贺货 顾颀 毛手 郝赫 龚龛 邵召 钱线 严产 武式 戴载 莫草 孔扎 汤场 常尝
温湿 康唐 施拖 文丈 洪供 葛慕 伟纬炜 敏敖 静净 丽两 强弦 磊垒 洋详祥 艳绝 勇男 军车 杰木 娟捐 涛铸 明朋 超起
秀季 霞暇 平乎 刚钢 桂佳 华毕 兰三 英莫 红江 玲铃 建健 文交 利刹 晶晶 晨震 昊吴 宇字 婷停 欣忻 怡恰 浩洁 轩斩
梓样 涵函 瑞端 雪雷 晴睛 岚岗 旭旮 辉晖 萍苹 芳劳 莉利 梅海 倩情 颖颍 睿客 淑椒 琴琹 燕蒸 彬杉 斌赋 凯凱 亮壳
凤风 珍诊 云去 春舂 清青 峰锋蜂 鹏朋 俊俏 志忐 坤坪 翔翊 晓晚 东车 飞乙 松枌 栋拣 钰珏 琳淋 瑶遥 珊姗 慧彗
佩佣 蓉容 薇微 雯霎
"""


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=100_000)
def simplified(character: str) -> str:
    """The simplified form of one character (itself when it has none)."""
    converted: str = _converter().convert(character)
    return converted


@lru_cache(maxsize=100_000)
def sound(character: str) -> str:
    """Toneless pinyin of one character, `lv` for 吕; letters and digits stay, other signs vanish."""
    if is_han(character):
        return _NAME_READINGS.get(character) or "".join(
            lazy_pinyin(character, style=Style.NORMAL, errors=lambda text: text)
        )
    return character.lower() if character.isalnum() else ""


@cache
def _shapes() -> dict[str, str]:
    groups: dict[str, str] = {}
    for group in _LOOK_ALIKE.split():
        # a character that stands in two groups keeps its first, so that groups do not grow into one another
        groups |= {character: group[0] for character in group if character not in groups}
    return groups


def shape(character: str) -> str:
    """The first character of the look-alike group of one character (itself when it has none)."""
    return _shapes().get(character, character)


def is_han(character: str) -> bool:
    """Whether this is a Chinese character (any Han block, private use included: home-made glyphs of names)."""
    code = ord(character)
    return 0x3400 <= code <= 0x9FFF or 0xE000 <= code <= 0xFAFF or 0x20000 <= code <= 0x3FFFF


def surname_length(name: str) -> int:
    """How many characters of a Chinese name are its surname; 0 for a name with a separator."""
    if DOT in name or not name:
        return 0
    return 2 if len(name) > 2 and name[:2] in COMPOUND_SURNAMES else 1


def surname_readings(surname: str) -> tuple[str, ...]:
    """Toneless readings of a surname, the usual one first."""
    return SURNAME_READINGS.get(surname) or ("".join(map(sound, surname)),)
