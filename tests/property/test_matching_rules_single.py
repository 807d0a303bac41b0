"""The rules in Python against the same rules in DuckDB: every rule, every level of every shipped model."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matching.library import comparators, roles
from matching.model import Comparison, MatchModel, load_model
from matching.rules import RULES, condition
from matching.rules_single import SINGLE_RULES, single_condition
from matching.single_pair import single_levels
from matching.standardise import KINDS
from matching.text_distance import damerau_levenshtein, is_one_slip, jaro_winkler_similarity
from warehouse.settings import ROOT

MODELS = sorted((ROOT / "config" / "models").rglob("*.yml"))
TYPES = {
    "t": pa.string(), "u": pa.string(), "n": pa.string(), "x": pa.list_(pa.string()), "y": pa.list_(pa.string()),
    "d": pa.date32(), "f": pa.float64(), "i": pa.int64(),
}  # fmt: skip
CLOSE = st.text(alphabet="ab1王小é😀?%_\\. ", max_size=7)
TEXTS = st.one_of(st.sampled_from(["", "martha", "marhta", "王小明", "王晓明"]), CLOSE, st.text(max_size=12))
NUMBERS = st.one_of(st.text(alphabet="0123", min_size=4, max_size=9), st.just("11010519491231002X"), TEXTS)
LISTS = st.lists(st.one_of(st.sampled_from(["ab", "abc", "anna", "王", ""]), CLOSE), max_size=5)
DATES = st.one_of(
    st.dates(dt.date(1979, 1, 1), dt.date(1981, 12, 31)), st.sampled_from([dt.date(1980, 3, 5), dt.date(1980, 5, 3)])
)
FLOATS = st.one_of(st.sampled_from([0.0, -0.0, 98.0, 100.0, 102.0]), st.floats(-1e9, 1e9))
VALUES = {
    "t": TEXTS, "u": TEXTS, "n": NUMBERS, "x": LISTS, "y": LISTS, "d": DATES, "f": FLOATS,
    "i": st.integers(-100, 100),
}  # fmt: skip
# every rule at least once, on every type it may meet
ASKED: list[dict[str, Any]] = [
    {"same": "t"}, {"same": "x"}, {"same": "d"}, {"same": "f"}, {"differ": "t"}, {"differ": "d"},
    {"crossed": ["t", "u"]}, {"overlap": "x"}, {"listed": ["t", "x"]}, {"crossed_overlap": ["x", "y"]},
    {"prefix": ["t", 2]}, {"contained": ["t", 2]}, {"lost_character": ["t", "u"]}, {"near_number": "n"},
    {"day_month_swapped": "d"}, {"near_date": "d"}, {"similar": ["t", 0.88]}, {"similar": ["t", 0.5]},
    {"edits": ["t", 1]}, {"edits": ["n", 2]}, {"exchanged": ["t", "u"]}, {"initial": "t"},
    {"agree": [2, "t", "u", "n"]}, {"shared": ["x", 1]}, {"shared": ["x", 2]}, {"shared_part": ["x", 0.6]},
    {"shared_part": ["x", 0.3]}, {"inside": ["x", 2]}, {"words_alike": ["x", 0.65]}, {"within": ["d", 30]},
    {"within": ["f", 2.5]}, {"within": ["i", 3]}, {"within_part": ["f", 0.02]}, {"within_part": ["i", 0.15]},
    {"same": "t", "contained": ["t", 2]}, {"differ": "t", "overlap": "x"},
    {"same": "u", "differ": "n", "near_date": "d"},
]  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn, values: dict[str, st.SearchStrategy[Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two records: each value missing, the same on both sides, slightly wrong, or another one."""
    left = {name: draw(st.one_of(st.none(), strategy)) for name, strategy in values.items()}
    right = {}
    for name, strategy in values.items():
        kept = draw(st.integers(0, 2))
        right[name] = left[name] if kept == 0 else draw(st.one_of(st.none(), strategy))
        if kept == 1 and isinstance(left[name], str):
            right[name] = _slip(draw, left[name])
    return left, right


def _slip(draw: st.DrawFn, text: str) -> str:
    place = draw(st.integers(0, len(text)))
    other = draw(st.sampled_from(["", "a", "1", "王"]))
    cut = draw(st.integers(0, 2))
    return text[:place] + (text[place : place + 2][::-1] if cut == 2 else other) + text[place + cut :]


def table(rows: list[tuple[dict[str, Any], dict[str, Any]]], types: dict[str, pa.DataType]) -> pa.Table:
    columns = {}
    for side, place in (("l", 0), ("r", 1)):
        columns |= {
            f"{name}_{side}": pa.array([row[place][name] for row in rows], kind) for name, kind in types.items()
        }
    return pa.table(columns)


def asked_of_duckdb(rows: Any, types: dict[str, pa.DataType], expressions: list[str]) -> list[tuple[Any, ...]]:
    con = duckdb.connect(config={"threads": 1})
    con.register("pair", table(rows, types))
    return con.execute(f"select {', '.join(f'({text})' for text in expressions)} from pair").fetchall()


def test_every_rule_has_its_python_form_and_is_asked():
    assert list(SINGLE_RULES) == list(RULES)
    assert {name for rules in ASKED for name in rules} == set(RULES)


@settings(max_examples=60, deadline=None)
@given(st.lists(pairs(VALUES), min_size=1, max_size=30))
@example([(dict.fromkeys(TYPES), dict.fromkeys(TYPES))])
@example([({**dict.fromkeys(TYPES), "x": []}, {**dict.fromkeys(TYPES), "x": []})])
def test_rules_answer_as_sql_does(rows):
    expected = asked_of_duckdb(rows, TYPES, [condition(rules) for rules in ASKED])
    predicates = [single_condition(rules) for rules in ASKED]
    for (left, right), row in zip(rows, expected, strict=True):
        for rules, predicate, answer in zip(ASKED, predicates, row, strict=True):
            assert predicate(left, right) is answer, (rules, left, right)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(NUMBERS | TEXTS, NUMBERS | TEXTS), min_size=1, max_size=40))
@example([("ca", "abc"), ("", ""), ("", "a"), ("王a", "a王"), ("é", "e"), ("DWAYNE", "DUANE"), ("DIXON", "DICKSONX")])
def test_distances_are_duckdbs(rows):
    con = duckdb.connect(config={"threads": 1})
    con.register("pair", pa.table({"a": [a for a, _ in rows], "b": [b for _, b in rows]}))
    sql = "select damerau_levenshtein(a, b), jaro_winkler_similarity(a, b) from pair"
    for (a, b), (slips, similarity) in zip(rows, con.execute(sql).fetchall(), strict=True):
        assert damerau_levenshtein(a, b) == slips, (a, b)
        assert is_one_slip(a, b) is (slips == 1), (a, b)
        assert jaro_winkler_similarity(a, b) == similarity, (a, b)


@cache
def model_of(name: str) -> MatchModel:
    return load_model(ROOT / "config" / "models" / name)


def library_model() -> dict[str, Comparison]:
    """Every comparator of the library with all its roles, each role a field of its own."""
    found = {}
    for name in comparators():
        needed, optional = roles(name)
        of = {role: role for role in needed | optional}
        found[name] = Comparison.model_validate({"comparison": name, "use": name, "of": of})
    return found


def types_of(model: MatchModel, columns: list[str]) -> dict[str, pa.DataType]:
    found = {}
    for column in columns:
        field = model.columns[column]
        keys = {f"{field}_{suffix}": kind for suffix, kind in KINDS[model.fields[field].kind].columns.items()}
        dates = column in ("birth_date", "birth_date_document")
        plain = pa.list_(pa.string()) if column in model.list_columns else pa.date32() if dates else pa.string()
        found[column] = pa.list_(pa.date32()) if column == "birth_dates" else keys.get(column, plain)
    return found


def strategy_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if kind == pa.list_(pa.date32()):
        return st.lists(DATES, max_size=2)
    fitting = {pa.date32(): DATES, pa.bool_(): st.booleans(), pa.float64(): FLOATS, pa.list_(pa.string()): LISTS}
    return fitting.get(kind, NUMBERS)


def compare_levels(item: Comparison, types: dict[str, pa.DataType], data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(pairs({name: strategy_of(kind) for name, kind in types.items()}), min_size=1, max_size=15)
    )
    levels = " ".join(f"when {level.sql} then {item.code(level.level)}" for level in item.levels[:-1])
    sql = f"case when {item.absent_sql} then -1 {levels} else 0 end"
    ask = single_levels(item)
    for (left, right), (code,) in zip(rows, asked_of_duckdb(rows, types, [sql]), strict=True):
        assert ask(left, right) == code, (item.comparison, left, right)


SHIPPED = [(str(path.relative_to(ROOT / "config" / "models")), item.comparison)
           for path in MODELS for item in load_model(path).comparisons]  # fmt: skip


@pytest.mark.parametrize(("name", "comparison"), SHIPPED)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_level_of_the_shipped_models(name, comparison, data):
    item = model_of(name).comparison(comparison)
    compare_levels(item, types_of(model_of(name), item.columns), data)


@pytest.mark.parametrize("comparator", sorted(comparators()))
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_comparator_of_the_library(comparator, data):
    item = library_model()[comparator]
    kind = {"chinese_address": "address", "telephone": "telephone"}.get(comparator)
    made_of = [KINDS[kind]] if kind else list(KINDS.values())
    kinds = {f"_{suffix}": kind for made in made_of for suffix, kind in made.columns.items()}
    types = {
        column: next((kind for end, kind in kinds.items() if column.endswith(end)), pa.list_(pa.string()))
        for column in item.columns
    }
    compare_levels(item, types, data)
