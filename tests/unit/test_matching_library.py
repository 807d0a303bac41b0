"""The comparator library: every level of every comparator is reached by values written out here."""

from __future__ import annotations

import duckdb
import pytest

from matching.levels import level_patterns
from matching.library import LibraryError, comparators, roles, spelled_out
from matching.model import MatchModel
from matching.prepare import prepare
from matching.rules import RULES
from matching.standardise import KINDS
from warehouse.settings import ROOT

# comparator -> fields (role -> kind), then level -> two rows of values, in the order of the fields
NAME = {"given": "given_name", "surname": "surname"}
CASES: dict[str, tuple[dict[str, str], dict[str, tuple[tuple, tuple]]]] = {
    "given_name": (NAME, {
        "exact": (("Mary Ann", "x"), ("mary-ann", "y")), "nickname": (("Bob", "x"), ("Robert", "y")),
        "typo": (("thomas", "x"), ("thoams", "y")), "sound": (("philipp", "x"), ("filip", "y")),
        "alike": (("alexandrina", "x"), ("alexandrov", "y")), "initial": (("J", "x"), ("John", "y")),
        "different": (("john", "x"), ("peter", "y")), "absent": (("Harry", "Thomas"), ("Thomas", "Harry")),
    }),
    "surname": (NAME, {
        "exact": (("x", "O'Neil"), ("y", "ONEIL")), "swapped": (("harry", "thomas"), ("thomas", "hary")),
        "double": (("x", "Medina Sentosa"), ("y", "Sentosa")), "typo": (("x", "smith"), ("y", "smyth")),
        "sound": (("x", "schaeffer"), ("y", "shafer")), "alike": (("x", "hendersen"), ("y", "hendrickson")),
        "initial": (("x", "B"), ("y", "Brown")), "different": (("x", "brown"), ("y", "jones")),
    }),
    "latin_name": ({"name": "latin_name"}, {
        "exact": (("Smith, John",), ("Dr. John Smith",)), "plain": (("Annmarie Lee",), ("Ann Marielee",)),
        "inside": (("John Smith",), ("John Robert Smith",)), "nickname": (("Peggy Charney",), ("Charney, Margaret",)),
        "sound": (("Filip Schmitt",), ("Philip Shmidt",)), "alike": (("Kristen Salinger",), ("Kristof Salenger",)),
        "initial": (("J Muir",), ("Jane Muir",)), "surname": (("John Smith",), ("Patrick Smith",)),
        "one_word": (("Maria Medina",), ("Maria Sentosa",)), "different": (("John Smith",), ("Ada Byron",)),
    }),
    "company": ({"name": "company"}, {
        "exact": (("Acme, Ltd.",), ("ACME LTD",)), "core": (("Zenith Ltd",), ("Zenith GmbH",)),
        "rearranged": (("宏达(襄阳)商贸有限公司",), ("襄阳市宏达商贸有限公司",)),
        "contained": (("Universal Exports",), ("Universal Exports Singapore",)),
        "alike": (("Müllenkrants",), ("Mullenkranz",)), "words": (("Green Apple Farm",), ("Farm of Green Apple",)),
        "different": (("Acme",), ("Zenith",)),
    }),
    "date": ({"date": "date"}, {
        "same": (("1971-06-24",), ("24/06/1971",)), "swapped": (("1971-06-04",), ("1971-04-06",)),
        "typo": (("19160017",), ("19161017",)), "two_parts": (("1971-06-24",), ("1989-06-24",)),
        "two_typos": (("1971-06-24",), ("1972-05-24",)), "different": (("1971-06-24",), ("1988-11-02",)),
    }),
    "telephone": ({"phone": "telephone"}, {
        "same": (("+86 138-0013-8000",), ("13800138000",)), "tail": (("202-321-3212",), ("321-3212",)),
        "near": (("13800138000",), ("13800138001",)), "different": (("13800138000",), ("15912345678",)),
    }),
    "email": ({"email": "mail_address"}, {
        "same": (('"Jay" <Jay@x.org>',), ("jay@x.org",)), "user": (("jay.jones@x.org",), ("jay.jones@y.com",)),
        "typo": (("robert255@smith.net",), ("roberta25@smith.net",)),
        "alike": (("olivia.k1@howell.com",), ("olivia.kirk@howell.com",)), "different": (("a@x.org",), ("b@y.com",)),
    }),
    "code": ({"code": "code"}, {
        "same": (("521-21-2123",), ("521212123",)), "near": (("5212123",), ("5212132",)),
        "alike": (("5212123",), ("5212199",)), "different": (("5212123",), ("9876543",)),
    }),
    "short_code": ({"code": "code"}, {
        "same": (("M1S 1T4",), ("m1s1t4",)), "near": (("3172",), ("3127",)), "different": (("3172",), ("4000",)),
    }),
    "category": ({"value": "free_text"}, {
        "same": (("London",), ("LONDON ",)), "alike": (("London",), ("Londdon",)),
        "different": (("London",), ("Hull",)),
    }),
    "flag": ({"value": "free_text"}, {"same": (("F",), ("f",)), "different": (("F",), ("M",))}),
    "text": ({"text": "free_text"}, {
        "same": (("A Tale, of Two Cities",), ("a tale of two cities",)),
        "inside": (("Two Cities",), ("A tale of two cities",)),
        "near": (("entity resolution in practice",), ("entity resolution in praktice",)),
        "half": (("entity resolution in practice",), ("entity resolution at work",)),
        "some": (("entity resolution in practice",), ("dispute resolution practised",)),
        "different": (("entity resolution",), ("cooking with fire",)),
    }),
    "street": ({"address": "street", "other": "street"}, {
        "same": (("1515 Adela Lane", "x"), ("1515 Adela Ln", "y")),
        "swapped": (("rupp place", "brentwood vlge"), ("brentwood vlge", "rupp place")),
        "typo": (("bingley road", "x"), ("bingly road", "y")),
        "inside": (("445 Overpass Rd", "x"), ("445 Overpass Rd San Ramon", "y")),
        "near": (("23 Ansbacher Street Dusseldorf", "x"), ("Ansbacher Street 23 Koeln", "y")),
        "alike": (("tolmachevaulitsa", "x"), ("tolmachevskayaulitsa", "y")),
        "some": (("12 King Street Town", "x"), ("99 King Street", "y")),
        "different": (("12 King Street", "x"), ("99 Duke Road", "y")),
    }),
    "number": ({"number": "number"}, {
        "same": (("$ 1,299.00",), ("1299",)), "close": (("100",), ("101",)), "near": (("100",), ("110",)),
        "different": (("100",), ("300",)),
    }),
    "array": ({"list": "list"}, {
        "most": ((["a", "b", "c"],), (["a", "b", "c", "d"],)), "two": ((["a", "b", "c"],), (["a", "b", "x", "y"],)),
        "one": ((["a", "b"],), (["a", "x", "y"],)), "different": ((["a"],), (["b"],)),
    }),
    "chinese_name": ({"name": "person_name", "former": "person_name"}, {
        "exact": (("張偉", None), ("张伟", None)), "dots_removed": (("阿卜杜·热合曼", None), ("阿卜杜热合曼", None)),
        "truncated": (("艾依热提麦麦", None), ("艾依热提麦麦提吐尔逊", None)),
        "former": (("王芳", "李芳"), ("李芳", None)),
        "romanised": (("吕芳", None), ("LYU FANG", None)), "latin_order": (("John Smith", None), ("JohnSmith", None)),
        "homophone": (("张伟", None), ("章伟", None)), "look_alike": (("李水", None), ("李永", None)),
        "lost_character": (("王?", None), ("王喆", None)), "one_character": (("王小明", None), ("王小红", None)),
        "different": (("王小明", None), ("张伟", None)),
    }),
    "chinese_address": ({"address": "address"}, {
        "same": (("人民路12号3单元501室",), ("人民路12號3單元501室",)),
        "similar": (("襄城区人民路12号501室",), ("人民路12号501",)),
        "numbers": (("襄城区人民东路12号",), ("襄城区人民西路12号",)), "words": (("人民路12号",), ("人民路21号",)),
        "different": (("人民路12号",), ("建设街9号",)),
    }),
    "document": ({"number": "document"}, {
        "same": (("110105491231002",), ("11010519491231002X",)),
        "near": (("11010519491231002X",), ("11010519491231020X",)),
        "different": (("11010519491231002X",), ("440524188001010014",)),
        "absent": (("E12345678",), ("110105199001011234",)),
    }),
}  # fmt: skip


def reached(use: str, kinds: dict[str, str], rows: tuple[tuple, tuple]) -> str:
    """The level two rows of values reach."""
    model = MatchModel.model_validate({
        "fields": {role: {"column": role, "kind": kind} for role, kind in kinds.items()},
        "comparisons": [{"comparison": "it", "use": use, "of": {role: role for role in kinds}}],
        "blocking": [{"rule": "all", "keys": [next(iter(kinds))]}], "thresholds": {"link": 1, "review": 0},
    })  # fmt: skip
    con = duckdb.connect()
    types = ", ".join(f"{role} {'varchar[]' if kind == 'list' else 'varchar'}" for role, kind in kinds.items())
    con.execute(f"create table given (record_id varchar, {types})")
    for record, row in zip("ab", rows, strict=True):
        con.execute(f"insert into given values ({', '.join('?' * (len(kinds) + 1))})", [record, *row])
    prepared = prepare(con, model, "given", "prepared")
    con.execute("create table pairs as select 0 as join_key_l, 1 as join_key_r")
    [(code, _)] = level_patterns(prepared, "pairs", ["it"])
    item = model.comparison("it")
    return "absent" if code < 0 else next(level.level for level in item.levels if item.code(level.level) == code)


@pytest.mark.parametrize(("use", "level"), [(use, level) for use, (_, levels) in CASES.items() for level in levels])
def test_level(use, level):
    kinds, levels = CASES[use]
    assert reached(use, kinds, levels[level]) == level


def test_every_level_of_the_library_has_a_case():
    for use, made in comparators().items():
        assert {level["level"] for level in made["levels"]} <= set(CASES[use][1]), use


@pytest.mark.parametrize("use", sorted(comparators()))
def test_null_never_agrees(use):
    kinds, levels = CASES[use]
    rows = next(iter(levels.values()))
    assert reached(use, kinds, (rows[0], tuple(None for _ in kinds))) == "absent"
    assert reached(use, kinds, (tuple(None for _ in kinds),) * 2) == "absent"


@pytest.mark.parametrize("use", sorted(comparators()))
def test_stated_shares_add_up(use):
    made = comparators()[use]
    assert sum(level["m"] for level in made["levels"]) == pytest.approx(1, abs=0.06)


def test_levels_of_a_role_that_is_not_filled_are_left_out():
    made = spelled_out({"comparison": "s", "use": "surname", "of": {"surname": "family"}})
    assert "swapped" not in [level["level"] for level in made["levels"]]
    assert made["absent"] == ["family_key"]
    assert roles("surname") == ({"surname"}, {"given"})


@pytest.mark.parametrize(
    ("comparison", "word"),
    [
        ({"use": "klingon", "of": {"name": "n"}}, "klingon"),
        ({"use": "surname", "of": {"given": "g"}}, "needs a field for 'surname'"),
        ({"use": "date", "of": {"date": "d", "time": "t"}}, "no role 'time'"),
        ({"use": "date", "of": "d"}, "a field per role"),
    ],
)
def test_wrong_use_is_named(comparison, word):
    with pytest.raises(LibraryError, match=word):
        spelled_out(comparison)


def test_the_manual_names_every_comparator_level_kind_and_rule():
    text = (ROOT / "docs" / "matching.md").read_text(encoding="utf-8")
    for use, made in comparators().items():
        levels = ", ".join(level["level"] for level in made["levels"])
        assert f"| `{use}` |" in text and levels in text, use
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
    assert [rule for rule in RULES if f"`{rule}: " not in text] == []
