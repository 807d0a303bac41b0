"""Two ways to the same keys: ordinary values all at once, and every value by itself."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.characters import COMPOUND_SURNAMES, SURNAME_READINGS
from matching.standardise import KINDS, keys_of, one_by_one

NAMES = st.one_of(
    st.text("王李张陳刘吕女绿朴盖单曾乐欧阳小明伟华雷水永〇·?？ 𠮷㐂豈A ", min_size=1, max_size=6),
    st.sampled_from(sorted(COMPOUND_SURNAMES | set(SURNAME_READINGS))).flatmap(
        lambda surname: st.text("乐重行明旅", max_size=2).map(lambda rest: surname + rest)
    ),
    st.text(st.characters(min_codepoint=0x3400, max_codepoint=0x9FFF), min_size=1, max_size=5),
    st.text(min_size=1, max_size=8),
)
ADDRESSES = st.one_of(
    st.text("湖北省襄阳市人民路號号栋单元室楼层附之0123456789一二三零〇-#( )ABcd１２Ａ鎮", min_size=1, max_size=24),
    st.text(min_size=1),
)
NUMBERS = st.one_of(
    st.text("0123456789", min_size=17, max_size=17).flatmap(
        lambda body: st.sampled_from("0123456789Xx１").map(lambda last: body + last)
    ),
    st.builds(
        lambda region, year, month, day, rest: f"{region:06d}{year:04d}{month:02d}{day:02d}{rest}",
        st.integers(0, 999999), st.integers(0, 2100), st.integers(0, 13), st.integers(0, 32),
        st.from_regex(r"[0-9]{3}[0-9X]", fullmatch=True),
    ),
    st.from_regex(r"\+?(86|00|0)?1[0-9]{10}", fullmatch=True),
    st.text("0123456789 -+()转x", min_size=1, max_size=20),
    st.text(min_size=1, max_size=20),
)  # fmt: skip
MAILS = st.one_of(st.from_regex(r"[A-Za-z0-9._%+'-]{1,6}@[a-zA-Z.\-]{1,8}", fullmatch=True), st.text("aZ@.-_+ é<>\n"))


@settings(max_examples=150, deadline=None)
@given(
    names=st.lists(NAMES, max_size=30),
    addresses=st.lists(ADDRESSES, max_size=20),
    numbers=st.lists(NUMBERS, max_size=30),
    mails=st.lists(MAILS, max_size=20),
)
@example(
    names=["欧阳小明", "欧阳", "吕布", "张伟", "王?"],
    addresses=["12", "--", "人民路十二号3栋"],
    numbers=["11010519491231002X"],
    mails=["", "@", "A.b@C-d.e", "a@b.", "a@b@c", "a@b\n", "<a@b.cn>", "é@b.cn"],
)
@example(
    names=[], addresses=[], numbers=["1" * 18, "110105194902290010", "13800000000", "1101051949123100２X"], mails=[]
)
def test_all_at_once_is_one_by_one(names, addresses, numbers, mails):
    values_of = {"person_name": names, "address": addresses, "document": numbers, "telephone": numbers}
    for kind, values in {**values_of, "mail_address": mails}.items():
        wanted, texts = list(KINDS[kind].columns), pa.array(values, pa.string())
        together, alone = keys_of(KINDS[kind], texts, wanted), one_by_one(KINDS[kind], texts, wanted)
        for suffix in wanted:
            assert together[suffix].to_pylist() == alone[suffix].to_pylist(), (kind, suffix)
            assert together[suffix].type == alone[suffix].type


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("person_name", "王小明"),
        ("address", "人民路12号"),
        ("document", "11010519491231002X"),
        ("telephone", "13812345678"),
        ("mail_address", "Zhang.San-1@qq.com.cn"),
    ],
)
def test_usual_values_are_ordinary(kind, value):
    ordinary, found = KINDS[kind].many(pa.array([value]), list(KINDS[kind].columns))
    assert ordinary.all() and all(len(keys) == 1 for keys in found.values())


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=40),
        st.text("0123456789-/. 年月日Xx@:", max_size=60),
        st.lists(st.sampled_from(["0", "9" * 20, "1" * 4301, "-", " jan ", "２", "X", "+", "e9"]), max_size=6).map(
            "".join
        ),
    )
)
def test_no_value_stops_a_key(text):
    for name, kind in KINDS.items():
        keys = one_by_one(kind, pa.array([text]), list(kind.columns))
        assert all(len(column) == 1 for column in keys.values()), name
