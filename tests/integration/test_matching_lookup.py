"""One lookup at a time against the batch: take a record out, ask for it, and get what the run said of it.

The two may differ by nature only where the record itself changes who else is compared or who is one customer:

* a run weighs one record per unit and content, a lookup weighs the record it is given (more pairs, same customer);
* a record that alone tied two groups together: without it they are two customers, and the lookup names one or asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from matching.cluster import Forest
from matching.link import link
from matching.lookup import Lookup, open_lookup, open_lookup_of
from matching.model import MatchModel, load_model
from matching.parameters import Parameters, stated_levels
from matching.party import gather_parties
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.resolve import resolve_prepared
from matching.score import scorer
from matching.typed import prepared_record
from matching.verdict import judged_sql
from tests.matching_bench import (
    company,
    fill_connection,
    fill_warehouse,
    identities,
    make_people,
    person,
    resident,
)
from warehouse import store
from warehouse.errors import NotFoundError, SettingsError
from warehouse.settings import ROOT

ANNA, BERT = "420602198003050016", "420602198003050032"
BORN = dt.date(1980, 3, 5)
HOME = {"district": "襄城区", "address_detail": "人民路1号2单元301室", "address": "湖北省襄城区人民路1号2单元301室"}


def people(size: int = 16) -> list[dict[str, Any]]:
    """People in three systems, and beside them what makes lookups hard."""
    rows = make_people(size, seed=3)[0]
    village = [person(f"call:v{n}", f"周{given}", mobile="13900000000", birth_date=BORN.replace(day=n + 1), **HOME)
               for n, given in enumerate("伟强磊洋勇艳杰娟涛")]  # fmt: skip
    typos = [{**row, "record_id": f"typo:{n}", "name": row["name"][:-1] + "?", "mobile": row["mobile"][:-1] + "0",
              "document_number": None, "document_key": None, "document_is_valid": False, "birth_date_document": None,
              "sex_document": None} for n, row in enumerate(rows[:8])]  # fmt: skip
    two = [
        person("core:a", "欧阳晓燕", mobile="13811112222", **HOME, **resident(ANNA)),
        person("card:a", "欧阳晓燕", mobile="13811112222", **HOME, **resident(ANNA)),
        person("card:b", "司马光明", mobile="13811112222", **HOME, **resident(ANNA)),  # one number, two names
        person("core:c", "欧阳晓燕", mobile="13811112222", birth_date=BORN, **HOME, **resident(BERT)),  # conflict
        person("call:d", "欧阳晓燕", mobile="13811112222", birth_date=BORN, **HOME),  # could be either
        person("ebank:e", "欧阳晓艳", mobile="13811112223", birth_date=BORN),
        person("ebank:f", "OUYANG XIAOYAN", mobile="13811112222", birth_date=BORN),
        person("ebank:g", "欧阳晓燕", former_name="欧阳小小", mobile=None, birth_date=dt.date(1980, 5, 3), **HOME),
        person("wealth:h", None, mobile="13811112222"),
        person("wealth:i", "欧阳晓燕"),
    ]
    return [*rows, *village, *typos, *two]


def companies() -> list[dict[str, Any]]:
    """Companies with one code, one name, one address."""
    core = "9142060068848910X"
    rows = []
    for n in range(12):
        name = f"襄阳{'宏达利民恒昌金源'[n % 8]}{'商贸建材机电'[n % 6]}有限公司"
        code = f"{68848910 + n}{n % 10}"
        rows += [
            company(f"core:{n}", name, organization_code=code, legal_representative_name="王小明", **HOME),
            company(f"credit:{n}", name.replace("有限公司", "有限责任公司"), organization_code=code if n % 3 else None,
                    phone="07103334444", address_detail=f"解放路{n}号", district="樊城区"),
        ]  # fmt: skip
    rows.append(company("registry:1", "宏达(襄阳)商贸有限公司", registry_number=core[:15], phone="07103334444"))
    return rows


@dataclass
class Bench:
    """Prepared records in a scratch catalog, and what a run says about them."""

    con: duckdb.DuckDBPyConnection
    model: MatchModel
    prepared: Prepared
    parameters: Parameters
    records: list[str]

    @property
    def table(self) -> str:
        return self.prepared.table

    def customers(self, prepared: Prepared | None = None) -> dict[str, str]:
        """Record -> customer of a run over all records, or others; the judged pairs stay in the scratch catalog."""
        resolved = resolve_prepared(prepared or self.prepared, self.parameters)
        rows = self.con.execute(
            f"select own.record_id, first.record_id from {resolved.scratch('home')} as home"
            f" join {self.table} as own using (record_no) join {self.table} as first on first.record_no = home.home"
        ).fetchall()
        return dict(rows)

    def named(self, judged: str) -> str:
        """A table of judged pairs with the ids of their records, as a query."""
        return (
            f"(select l.record_id as record_id_l, r.record_id as record_id_r, pair.* from {judged} as pair"
            f" join {self.table} as l on l.record_no = record_no_l join {self.table} as r on r.record_no = record_no_r)"
        )

    def row(self, record_id: str) -> dict[str, Any]:
        result = self.con.execute(f"select * from {self.table} where record_id = ?", [record_id])
        return dict(zip([column[0] for column in result.description or []], result.fetchone() or (), strict=True))

    def lookup_without(self, record_id: str, customers: dict[str, str]) -> Lookup:
        others = [record for record in self.records if record != record_id]
        columns = {"record_id": others, "golden_id": [customers[record] for record in others]}
        self.con.register("identity", pa.table({name: pa.array(v, pa.string()) for name, v in columns.items()}))
        self.con.execute(f"create or replace view without as from {self.table} where record_id <> '{record_id}'")
        return open_lookup(self.con, "without", "identity", self.model, self.parameters)

    def customers_without(self, record_id: str) -> dict[str, str]:
        """Record -> customer of a run that never saw the record."""
        source = f"party_{self.model.party_type}"
        self.con.execute(f"create or replace view others as from {source} where record_id <> '{record_id}'")
        found = self.customers(prepare(self.con, self.model, "others", self.table))
        prepare(self.con, self.model, source, self.table)
        return found


def made_parameters(model: MatchModel, records: int) -> Parameters:
    return Parameters(
        party_type=model.party_type, structure_hash="", trained_as_of="2026-03-02", records=records, fingerprint="",
        prior=0.001, levels=stated_levels(model),
    )  # fmt: skip


@pytest.fixture
def bench_of(settings) -> Iterator[Any]:
    with store.connect(settings) as con:

        def make(rows: list[dict[str, Any]], **limits: Any) -> Bench:
            model = load_model(ROOT / "config" / "models" / f"{rows[0]['party_type']}.yml")
            model = model.model_copy(update={"limits": model.limits.model_copy(update=limits)})
            con.execute("use warehouse")
            _fill(con, rows)
            con.execute("use memory")
            gather_parties(con)
            prepared = prepare(con, model, f"party_{model.party_type}", f"prepared_{model.party_type}")
            assert len(prepared) == len(rows)
            parameters = made_parameters(model, len(rows) * 3)
            return Bench(con, model, prepared, parameters, sorted(row["record_id"] for row in rows))

        yield make


def _fill(con: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> None:
    fill_connection(con, rows, former=[("ebank:e", "mobile", "13811112222"), ("ebank:g", "mobile", "13811112222")])


def judged_by_batch(bench: Bench, pairs: dict[tuple[str, str], str]) -> dict[tuple[str, str], dict[str, Any]]:
    """These pairs weighed by Splink and judged in SQL, with every record inside."""
    number = dict(bench.con.execute(f"select record_id, record_no from {bench.table}").fetchall())
    rows = [(rule, number[left], number[right]) for (left, right), rule in sorted(pairs.items())]
    names = ("match_key", "join_key_l", "join_key_r")
    columns = {name: pa.array([row[place] for row in rows]) for place, name in enumerate(names)}
    bench.con.register("asked_rows", pa.table(columns))
    bench.con.execute("create or replace table asked as from asked_rows")
    ready = scorer(bench.prepared, bench.parameters)
    ready.weigh("asked", "asked_judged", partial(judged_sql, bench.model))
    result = bench.con.execute("from " + bench.named("asked_judged"))
    found = [dict(zip([c[0] for c in result.description or []], row, strict=True)) for row in result.fetchall()]
    return {(row["record_id_l"], row["record_id_r"]): row for row in found}


def ends(one: str, other: str) -> tuple[str, str]:
    return (min(one, other), max(one, other))


def compare(bench: Bench) -> dict[str, int]:
    """Every record taken out and looked up; the differences that are left, counted by kind."""
    customers = bench.customers()
    judged = bench.named(f"judged_{bench.model.party_type}")
    sql = f"select record_id_l, record_id_r from {judged} where verdict <> 'reject'"
    kept = {tuple(row) for row in bench.con.execute(sql).fetchall()}
    asked: dict[tuple[str, str], str] = {}
    answers = {}
    single: dict[tuple[str, tuple[str, str]], Any] = {}
    for record in bench.records:
        lookup = bench.lookup_without(record, customers)
        prepared = bench.row(record)
        answers[record] = lookup.ask_prepared(prepared, record)
        for pair in lookup.pairs(prepared, record)[0]:
            single[record, ends(record, pair.record_id)] = pair.judged
            asked[ends(record, pair.record_id)] = "found"
    batch = judged_by_batch(bench, asked)
    for (record, pair), judged in single.items():
        _same_pair(bench.model, judged, batch[pair], f"{record} {pair}")
    return {
        "pairs": len(single),
        "missing": _missing(bench, kept, single),
        "extra": _extra(bench, kept, single),
        "bridges": sum(_is_bridge(bench, record, answers[record], customers) for record in bench.records),
        "linked": sum(answer.decision == "link" for answer in answers.values()),
        "review": sum(answer.decision == "review" for answer in answers.values()),
    }


def _same_pair(model: MatchModel, judged: Any, row: dict[str, Any], where: str) -> None:
    names = [item.comparison for item in model.comparisons]
    assert list(judged.levels) == [row[f"gamma_{name}"] for name in names], where
    assert list(judged.weights) == pytest.approx([row[f"weight_{name}"] for name in names], abs=1e-6), where
    assert judged.match_weight == pytest.approx(row["match_weight"], abs=1e-6), where
    assert judged.probability == pytest.approx(row["match_probability"], abs=1e-9), where
    assert judged.rest == pytest.approx(row["rest"], abs=1e-6), where
    for name in ("conflict", "strong", "guard", "verdict"):
        assert getattr(judged, name) == row[name], (where, name)
    # the batch was told "found" for the rule; what a verdict says instead of it is the same
    assert row["rule"] in (judged.rule, "found"), where


def _missing(bench: Bench, kept: set[Any], single: Any) -> int:
    """Pairs of the run that a lookup of either end did not judge: none are forgiven."""
    return sum((record, pair) not in single for pair in kept for record in pair)


def _extra(bench: Bench, kept: set[Any], single: Any) -> int:
    """Pairs a lookup keeps and the run does not, but for copies: records joined with one that says the same."""
    fields = ", ".join(f'"{name}"' for name in bench.model.fields)
    strong = bench.con.execute(
        f"select record_id_l, record_id_r from {bench.named(f'judged_{bench.model.party_type}')}"
        " where strong is not null and verdict = 'link'"
    ).fetchall()
    forest: Forest[str] = Forest()
    for left, right in strong:
        forest.join(left, right)
    content = dict(bench.con.execute(f"select record_id, hash({fields}) from {bench.table}").fetchall())
    groups: dict[Any, list[str]] = {}
    for record in bench.records:
        groups.setdefault((forest.find(record), content[record]), []).append(record)
    copies = {record for group in groups.values() for record in group[1:]}
    found = 0
    for (_, pair), judged in single.items():
        if judged.verdict != "reject" and pair not in kept and not copies.intersection(pair):
            found += forest.find(pair[0]) != forest.find(pair[1])
    return found


def _is_bridge(bench: Bench, record: str, answer: Any, customers: dict[str, str]) -> bool:
    """Link exactly when the run put the record with others, and with those; True for a bridge, where it names one.

    The customers are first those of the run that saw the record. Where the answer is another one, the record moved
    others: then those of a run that never saw it, the golden set a lookup meets in life, must settle it.
    """
    company = {other for other, customer in customers.items() if customer == customers[record]} - {record}
    if answer.golden_id == (customers[record] if company else None):
        return False
    before = bench.customers_without(record)
    answer = bench.lookup_without(record, before).ask_prepared(bench.row(record), record)
    joined = {before[other] for other in company}
    if len(joined) > 1:
        assert answer.golden_id in joined or answer.decision == "review", record
        return True
    assert ({answer.golden_id} if answer.golden_id else set()) == joined, (record, joined, answer.reason)
    return False


def test_people_looked_up_one_by_one_get_what_the_run_said(bench_of):
    found = compare(bench_of(people()))
    assert found["missing"] == found["extra"] == found["bridges"] == 0
    assert found["linked"] > 30 and found["review"] > 2 and found["pairs"] > 150


def test_with_small_blocks_the_same_blocks_are_left_out(bench_of):
    found = compare(bench_of(people(4), max_block=4))
    assert found["missing"] == found["extra"] == 0


def test_companies_looked_up_one_by_one(bench_of):
    found = compare(bench_of(companies()))
    assert found["missing"] == found["extra"] == found["bridges"] == 0 and found["linked"] > 10


def test_one_record_gets_the_columns_a_table_gets(bench_of):
    for rows in (people(6), companies()):
        bench = bench_of(rows)
        result = bench.con.execute(f"select * from party_{bench.model.party_type}")
        names = [column[0] for column in result.description]
        for row in result.fetchall():
            values = dict(zip(names, row, strict=True))
            expected = bench.row(values["record_id"])
            assert prepared_record(bench.model, values) == {
                k: v for k, v in expected.items() if k not in ("record_id", "record_no", "record_hash")
            }


def test_a_field_of_several_columns_without_meaning_or_with_separators():
    model = load_model(ROOT / "config" / "models" / "person.yml")
    fields = {
        "name": {"columns": ["given", "family"], "kind": "latin_name", "missing": ["N/A"]},
        "mobiles": {"column": "mobiles", "kind": "list", "separator": ";"},
    }
    field = type(model.fields["name"])
    small = model.model_copy(update={"fields": {name: field.model_validate(made) for name, made in fields.items()}})
    rows = [
        {"given": "Ann", "family": "Lee", "mobiles": "2; 1;;2"},
        {"given": " n/a", "family": None, "mobiles": " ; "},
        {},
    ]
    with duckdb.connect() as con:
        columns = {"record_id": pa.array(["1", "2", "3"])}
        columns |= {
            name: pa.array([row.get(name) for row in rows], pa.string()) for name in ("given", "family", "mobiles")
        }
        con.register("source_rows", pa.table(columns))
        prepare(con, small, "source_rows", "target")
        result = con.execute("select * exclude (record_no, record_id, record_hash) from target order by record_no")
        names = [column[0] for column in result.description]
        expected = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
        assert [prepared_record(small, row) for row in rows] == expected


def asked(bench: Bench, record_id: str, customers: dict[str, str]) -> Any:
    return bench.lookup_without(record_id, customers).ask_prepared(bench.row(record_id), record_id)


def test_a_bridge_between_two_customers_names_one_or_asks(bench_of):
    """A run would make one customer of the two; at the counter that is no clerk's decision."""
    rows = [
        *make_people(12, seed=3)[0],
        person("core:a", "欧阳晓燕", birth_date=BORN, sex="F", **HOME),
        person("core:b", "欧阳晓燕", mobile="13811112222", email="oyxy@163.com", employer="襄阳一中"),
        person("new:1", "欧阳晓燕", birth_date=BORN, sex="F", mobile="13811112222", email="oyxy@163.com",
               employer="襄阳一中", **HOME),
    ]  # fmt: skip
    bench = bench_of(rows)
    before = bench.customers_without("new:1")
    assert before["core:a"] != before["core:b"]
    assert len({bench.customers()[record] for record in ("core:a", "core:b", "new:1")}) == 1
    heavier = asked(bench, "new:1", before)
    weights = {found.golden_id: found.match_weight for found in heavier.candidates}
    assert set(weights) >= {"core:a", "core:b"}
    best = max(weights, key=lambda golden_id: weights[golden_id])
    assert (heavier.decision, heavier.golden_id) == ("link", best)
    doubtful = bench_of(rows, ambiguity_margin=60)
    answer = asked(doubtful, "new:1", before)
    assert (answer.decision, answer.golden_id, answer.reason) == ("review", None, "could_be_another_customer")


def test_what_forbids_a_link_is_said(bench_of):
    rows = [
        *make_people(12, seed=3)[0],
        person("core:a", "欧阳晓燕", mobile="13811112222", **HOME, **resident(ANNA)),
        person("card:a", "欧阳晓燕", mobile="13811112222", birth_date=BORN, sex="F", **HOME),
        person("new:1", "欧阳晓燕", mobile="13811112222", birth_date=BORN, **HOME, **resident(BERT)),
        person("new:2", "欧阳晓燕", mobile="13811112222", birth_date=BORN, **HOME),
        person("new:3", "诸葛亮", birth_date=dt.date(1961, 1, 1)),
        person("new:4", "司马光明", mobile="13811112222", **HOME, **resident(ANNA)),
    ]
    one = {row["record_id"]: row["record_id"] for row in rows} | {"card:a": "core:a"}
    bench = bench_of(rows)
    conflict = asked(bench, "new:1", {**one, "new:2": "core:a", "new:4": "core:a"})
    assert (conflict.decision, conflict.candidates[0].conflict) == ("review", "document")
    assert any(change["kind"] == "steward" for change in conflict.candidates[0].changes)
    alone = asked(bench, "new:2", {**one, "new:1": "other", "new:4": "other"})
    assert alone.decision == "review" and alone.reason == "could_be_another_customer"
    assert asked(bench, "new:3", one).as_json()["decision"] == "new"
    two_names = asked(bench, "new:4", {**one, "new:2": "core:a"})
    assert (two_names.decision, two_names.reason) == ("review", "same_document_other_name")
    small = bench_of([row for row in rows if row["record_id"] not in ("new:1", "new:4")], max_cluster=2)
    full = asked(small, "new:2", one)
    assert (full.decision, full.reason) == ("review", "customer_too_large")
    told = full.candidates[0]
    assert told.words_zh and told.words_en and told.waterfall[-1]["total"] == pytest.approx(told.match_weight, abs=0.05)


def test_customers_a_steward_joined_against_their_values_stay_joined(bench_of):
    rows = [
        *make_people(12, seed=3)[0],
        person("core:a", "欧阳晓燕", mobile="13811112222", **HOME, **resident(ANNA)),
        person("core:b", "欧阳晓燕", mobile="13811112222", **HOME, **resident(BERT)),
        person("new:1", "欧阳晓燕", **resident(BERT)),
    ]
    one = {row["record_id"]: row["record_id"] for row in rows} | {"core:b": "core:a"}
    answer = asked(bench_of(rows), "new:1", one)
    assert (answer.decision, answer.golden_id, answer.reason) == ("link", "core:a", "same_document")


def test_a_model_that_counts_over_the_whole_table_is_refused(bench_of):
    bench = bench_of(people(2))
    field = bench.model.fields["email"].model_copy(update={"at_most": 3})
    bench.model = bench.model.model_copy(update={"fields": {**bench.model.fields, "email": field}})
    with pytest.raises(SettingsError, match="at_most"):
        bench.lookup_without("core:a", {record: record for record in bench.records})


def test_the_warehouse_is_opened_after_a_run(settings):
    with pytest.raises(NotFoundError, match="run the line first"):
        open_lookup_of(settings, "person")
    fill_warehouse(settings, make_people(40)[0])
    link(settings, dt.date(2026, 3, 2), "run-2026-03-02")
    lookup = open_lookup_of(settings, "person")
    row = make_people(40)[0][0]
    typed = {
        "name": row["name"],
        "birth_date": row["birth_date"],
        "mobile": row["mobile"],
        "all_mobiles": [row["mobile"]],
    }
    answer = lookup.ask(typed)
    assert (answer.decision, answer.golden_id) == ("link", identities(settings)[row["record_id"]])
    assert lookup.ask({"name": "诸葛亮", "birth_date": dt.date(1961, 1, 1)}).decision == "new"
