"""What a column of an unknown table holds: told by its values first, by its header where values leave it open."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from masking.checks import is_uscc
from matching.latin_names import full_names, latin
from matching.plain_values import calendar_date, document, is_organization_code, telephone
from matching.relations import count, quoted

_SAMPLE = 2000
_MOST = 0.7  # share of values that must look alike to say what a column holds
_VALID = 0.4  # share of values whose check character is right, which few are by chance
_HAN = re.compile(r"[\u3400-\u9fff\ue000-\ufaff]")
_MAIL = re.compile(r"\S+@\S+\.\w+")
_ROAD = re.compile(r"[省市区县镇乡村路街巷号]")
_FIRM = re.compile(r"(公司|集团|商行|合作社|事务所|经营部|\b(inc|ltd|llc|gmbh|corp|co|ag|plc)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A column with what was found: `role` (see `_HEADERS`), and why in a few words.

    `filled`: share of rows with a value. `alike`: share of pairs of rows with the same value.
    """

    name: str
    role: str
    reason: str
    filled: float
    distinct: int
    alike: float
    rows: int
    han: bool

    @property
    def is_key(self) -> bool:
        """Every row has a value of its own."""
        return self.filled == 1 and self.distinct == self.rows


# role -> words of a header; tried in this order, whole words or Chinese parts
_HEADERS: tuple[tuple[str, str], ...] = (
    ("truth", r"cluster|cluster id|entity id|entity|true id|label|truth|ground truth|match id|person id truth"),
    ("event",
     r"(open\w*|creat\w*|updat\w*|modif\w*|start|end|expir\w*|valid|issue|load|entry|"
     r"as) ?(date|time|on|at|of)|date|timestamp|开户日期|更新.*|创建.*|登记日期|.*有效期.*"),
    ("label", r".*(passport|licen[cs]e|id|tax).* (country|state|issuer)"),
    ("label",
     r".*(type|role|status|category|class|kind|source|flag|level|grade|channel|"
     r"currency)|.*(类型|状态|来源|等级|渠道|标志|币种)"),
    ("place", r".*birth ?(place|city|town|country)|place of birth|出生地.*"),
    ("birth", r".*(birth|dob|born|geburt).*|出生.*|生日"),
    ("birth_year", r"by|birth year|year of birth|yob|出生年"),
    ("birth_month", r"bm|birth month|month of birth|出生月"),
    ("birth_day", r"bd|birth day|day of birth|出生日"),
    ("former_name", r"(former|previous|maiden|other|native|secondary|alias|alternat\w*).*name.*|曾用名"),
    ("latin", r"(latin|pinyin|english).*|拼音.*|英文名"),
    ("middle", r".*middle.*"),
    ("name", r".*(first|given|fore) ?(name)? (and )?(last|sur|family) ?name.*"),
    ("given", r".*(first|given|fore) ?name.*|fname( ?c?1)?|.*name first|vorname|given|名"),
    ("surname", r".*(last|sur|family) ?name.*|lname( ?c?1)?|.*name last|nachname|surname|姓|姓氏"),
    ("key", r"(客户|企业|公司|单位|机构|商户|会员|记录|用户)?(编号|序号|主键|号)|"
            r"(company|business|firm|customer|client|member|user|record|org\w*) (id|key|uid)"),
    ("code", r".*(uscc|credit code|organi[sz]ation (code|no|number)|regist\w* (code|no|number)).*|"
             r".*(信用代码|机构代码|注册号|登记号).*"),
    ("representative",
     r"(legal )?rep\w*( name)?|contact (person|name)|.*(法定代表人|法人代表|法人姓名|负责人|联系人).*"),
    ("company", r".*(company|employer|organi[sz]ation|business|firm|name org).*|.*(单位|企业|公司|雇主).*"),
    ("spouse", r".*(spouse|wife|husband).*|配偶.*"),
    ("email", r".*(e ?mail).*|.*邮箱.*|电子邮件"),
    ("phone", r".*(phone|mobile|tel|cell|fax).*|.*(电话|手机|联系方式).*"),
    ("house", r"(street|house) ?(number|no|nr)|house|门牌号?"),
    ("postcode", r".*(post ?code|zip|postal).*|邮编|邮政编码"),
    ("sex", r".*(sex|gender).*|性别"),
    ("place", r".*(city|suburb|town|state|county|province|country|district|region).*|.*(城市|省|市|区县|国家|民族).*"),
    ("code",
     r".*(ssn|soc sec|passport|licen[cs]e|national id|tax|vat|lei|isbn|doi|document|"
     r"id card|id no|cert\w*|account).*|.*(证件|身份证|护照|卡号|税号|信用代码|编码|账号).*"),
    ("address", r".*(address|addr|street|road).*|.*(地址|住址)"),
    ("name", r".*(name|title|客户名|姓名|名称|户名).*"),
    ("year", r".*year.*|年份"),
    ("price", r".*(price|weight|size).*|单价"),
    ("key", r".*\b(id|key|no|nr|number|uid|record|rowid)|.*(编号|客户号|序号|主键)"),
)  # fmt: skip

_BY_HEADER_ALONE = ("truth", "event", "label", "former_name", "spouse", "latin", "representative")


def recognise(con: duckdb.DuckDBPyConnection, table: str, names: Sequence[str]) -> list[Column]:
    """Look at every column of a table."""
    rows = count(con, table)
    return [_column(con, table, name, rows) for name in names]


def _column(con: duckdb.DuckDBPyConnection, table: str, name: str, rows: int) -> Column:
    counted = con.execute(
        "select coalesce(sum(n), 0), count(*), coalesce(sum(n * (n - 1)), 0) from"
        f" (select count(*) as n from {table} where {quoted(name)} is not null group by {quoted(name)})"
    ).fetchone() or (0, 0, 0)
    filled, distinct = int(counted[0]) / max(rows, 1), int(counted[1])
    alike = int(counted[2]) / max(rows * (rows - 1), 1)
    values = [
        str(row[0])
        for row in con.execute(
            f"select v from (select distinct {quoted(name)}::varchar as v from {table}) where v is not null"
            f" order by md5(v), v limit {_SAMPLE}"
        ).fetchall()
    ]
    han = _share(values, lambda text: bool(_HAN.search(text))) > 0.5
    is_key = filled == 1 and distinct == rows
    role, reason = _role(name, values, is_key)
    return Column(name, role, reason, filled, distinct, alike, rows, han)


def _share(values: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, values)) / len(values) if values else 0.0


def header_words(name: str) -> str:
    """A header in lower-case words: CamelCase, snake_case and signs parted."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.sub(r"[^0-9a-z\u3400-\u9fff]+", " ", parted.lower()).strip()


def _by_header(name: str) -> str | None:
    words = header_words(name)
    return next((role for role, pattern in _HEADERS if re.fullmatch(pattern, words)), None)


def _role(name: str, values: list[str], is_key: bool) -> tuple[str, str]:
    if len(values) < 2:
        return ("constant", "one value in every row") if values else ("empty", "no value in any row")
    header = _by_header(name)
    if header in _BY_HEADER_ALONE:
        return header, "header"
    content = _by_content(values)
    if content in ("document", "uscc", "organization_code") or (content == "email" and header != "key"):
        return content, "values"
    if is_key and header in ("key", "code", None) and content != "date":
        return "key", "a value of its own in every row"
    if content in ("date", "phone") and header in (None, "name", "key"):
        return ("birth" if content == "date" else "phone"), "values"
    if header == "birth" and content != "date":
        return "text", "values"
    return _by_both(name, header, values), "header and values"


def _by_both(name: str, header: str | None, values: list[str]) -> str:
    if header is None:
        return _open_role(values)
    return _name_role(name, values) if header == "name" else header


def _by_content(values: list[str]) -> str | None:
    if _share(values, lambda v: bool(_MAIL.search(v))) > _MOST:
        return "email"
    if _share(values, lambda v: "valid" in document(v)) > _VALID:
        return "document"
    if _share(values, lambda v: is_uscc(v.upper())) > _VALID:
        return "uscc"
    if _share(values, lambda v: is_organization_code(v.upper().replace("-", ""))) > _VALID:
        return "organization_code"
    if _share(values, lambda v: _is_mobile(v)) > _MOST:
        return "phone"
    if _share(values, _is_date) > _MOST:
        return "date"
    return None


def _is_mobile(text: str) -> bool:
    number = str(telephone(text).get("number") or "")
    return bool(re.fullmatch(r"1[3-9]\d{9}", number)) or bool(
        re.fullmatch(r"[+(]?\d[\d ()/+.-]{8,}", text)
        and re.search(r"[ ()/+-]", text)
        and 9 <= len(number) <= 14
        and not _is_date(text)
    )


def _is_date(text: str) -> bool:
    found = calendar_date(text, month_first=False)
    earliest = 1850 if text.isdigit() else 1000  # eight digits may be any number
    return bool(found.get("date")) and earliest < int(str(found["year"])) < 2100


def _open_role(values: list[str]) -> str:
    """A column whose header says nothing: card numbers, addresses, companies, names, texts, or nothing of use."""
    if _share(values, lambda v: v.isdigit() and 15 <= len(v) <= 19) > _MOST:
        return "code"
    if _share(values, lambda v: len(_ROAD.findall(v)) >= 2) > _MOST:
        return "address"
    if _share(values, lambda v: bool(_FIRM.search(v))) > _MOST:
        return "company"
    if _share(values, _looks_like_person) > _MOST:
        return "name"
    if _share(values, lambda v: len(v.split()) >= 2 or len(v) > 12) > 0.5:
        return "text"
    return "label"


def _looks_like_person(text: str) -> bool:
    if _HAN.search(text):
        return 2 <= len(text) <= 4 and not re.search(r"[0-9A-Za-z]", text)
    words = latin(text).split()
    return 2 <= len(words) <= 4 and not re.search(r"\d", text) and any(full_names(w) != (w,) for w in words)


def _name_role(name: str, values: list[str]) -> str:
    """A name of a person, of a company, or of a thing."""
    if _share(values, lambda v: bool(_FIRM.search(v))) > 0.4:
        return "company"
    if (
        "title" in header_words(name)
        or _share(values, lambda v: bool(re.search(r"\d", v)) or len(v.split()) > 4) > 0.25
    ):
        return "text"
    return "name"


def month_first(con: duckdb.DuckDBPyConnection, table: str, name: str) -> bool:
    """Whether dates such as 3/25/1989 show that the month is written before the day."""
    row = con.execute(
        f"select count(*) filter (try_cast(p[1] as int) > 12 and try_cast(p[2] as int) <= 12),"
        " count(*) filter (try_cast(p[2] as int) > 12 and try_cast(p[1] as int) <= 12)"
        f" from (select regexp_split_to_array({quoted(name)}::varchar, '[/.-]') as p from {table})"
        " where len(p) = 3 and length(p[1]) <= 2"
    ).fetchone()
    return bool(row and row[1] > row[0])
