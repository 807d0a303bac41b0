"""`mdm match` on several tables: each with its own headers, linked with one another or held apart within."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from dags.cli import app
from matching.model import line_model
from matching.propose import propose_model
from matching.several_tables import table_names
from matching.table_match import match_files
from tests.matching_bench import silent
from warehouse.errors import SettingsError, SourceError
from warehouse.settings import Settings

_OURS = ["客户号", "姓名", "出生日期", "手机", "住址", "人"]
_THEIRS = ["cust_id", "cust_name", "dob", "mobile", "addr", "person"]
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵吴周徐孙朱马胡郭何高林罗", "伟强磊洋勇艳杰娟涛明超秀霞平刚桂英华兰红玲建文"
_MODEL = """
id: 客户号
{tables}
fields:
  name: {{column: 姓名, kind: person_name}}
  birth: {{column: 出生日期, kind: date}}
  mobile: {{column: 手机, kind: telephone}}
  address: {{column: 住址, kind: address}}
comparisons:
  - {{comparison: name, use: chinese_name, of: {{name: name}}}}
  - {{comparison: birth_date, use: date, of: {{date: birth}}}}
  - {{comparison: mobile, use: telephone, of: {{phone: mobile}}}}
  - {{comparison: address, use: chinese_address, of: {{address: address}}}}
blocking:
  - {{rule: mobile, keys: [mobile_number]}}
  - {{rule: birth, keys: [birth_digits]}}
  - {{rule: home, keys: [address_key]}}
thresholds: {{link: 2, review: -1, conflict_review: 5}}
training: {{certain: [[name_key, birth_digits]]}}
"""
_COLUMNS = dict(zip(_OURS, _THEIRS, strict=True))


def people(number: int, seed: int = 4) -> list[list[str]]:
    """One row of each person, without an id."""
    rng = random.Random(seed)
    return [
        [
            rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, 2)),
            f"{rng.randrange(1950, 2000)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
            f"139{rng.randrange(10**8):08d}",
            f"湖北省襄阳市人民路{rng.randrange(900)}号{rng.randrange(99)}室",
            str(person),
        ]
        for person in range(number)
    ]


def write(path: Path, header: list[str], rows: list[list[str]]) -> str:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def read(path: str) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def two_tables(folder: Path, header: list[str], *, twice: int = 0) -> list[str]:
    """Customers and a registry that share half of their people; so many people stand twice in the registry."""
    everybody = people(300)
    ours = [[f"C{place}", *row] for place, row in enumerate(everybody[:200])]
    theirs = [[f"R{place}", *row] for place, row in enumerate(everybody[100:] + everybody[100 : 100 + twice])]
    for row in theirs[200:]:
        row[4] = row[4].replace("人民路", "人民路中段")
    folder.mkdir(exist_ok=True)
    customers = write(folder / "customers.csv", _OURS, ours)
    return [customers, write(folder / "registry.csv", header, theirs)]


def model_file(folder: Path, tables: str = "") -> Path:
    path = folder / "model.yml"
    path.write_text(_MODEL.format(tables=f"tables: {{{tables}}}" if tables else ""), encoding="utf-8")
    return path


def called(columns: dict[str, str | None], *, distinct: bool = False) -> str:
    """What a model says of the registry."""
    shown = ", ".join(f"{ours}: {'null' if theirs is None else theirs}" for ours, theirs in columns.items())
    return f"registry: {{columns: {{{shown}}}, distinct: {str(distinct).lower()}}}"


def clusters(folder: Path) -> str:
    return (folder / "clusters.csv").read_text(encoding="utf-8")


def test_a_table_with_other_headers_gives_what_the_same_headers_give(tmp_path: Path):
    same, other = two_tables(tmp_path / "same", _OURS), two_tables(tmp_path / "other", _THEIRS)
    match_files(same, model_file(tmp_path), tmp_path / "a", "人", silent)
    found = match_files(other, model_file(tmp_path, called(_COLUMNS)), tmp_path / "b", "人", silent)
    assert clusters(tmp_path / "a") == clusters(tmp_path / "b")
    assert found.rates is not None
    assert found.rates["f1"] == 1
    assert not found.notices


def test_a_column_that_a_table_does_not_have_is_an_empty_one(tmp_path: Path):
    sources = two_tables(tmp_path / "there", _THEIRS)
    told = called(_COLUMNS | {"手机": None})
    match_files(sources, model_file(tmp_path, told), tmp_path / "a", "人", silent)
    rows = read(sources[1])
    emptied = [[*row[:3], "", *row[4:]] for row in rows[1:]]
    (tmp_path / "empty").mkdir()
    empty = [sources[0], write(tmp_path / "empty" / "registry.csv", _THEIRS, emptied)]
    match_files(empty, model_file(tmp_path, called(_COLUMNS)), tmp_path / "b", "人", silent)
    assert clusters(tmp_path / "a") == clusters(tmp_path / "b")


def test_rows_of_a_distinct_table_are_never_one_party(tmp_path: Path):
    sources = two_tables(tmp_path / "in", _OURS, twice=30)
    joined = match_files(sources, model_file(tmp_path), tmp_path / "a", "人", silent)
    apart = match_files(sources, model_file(tmp_path, called({}, distinct=True)), tmp_path / "b", "人", silent)
    sql = (
        "select max(n) from (select count(*) as n from '{}/clusters.parquet'"
        " where record_id like 'registry:%' group by cluster_id)"
    )
    assert duckdb.execute(sql.format(tmp_path / "a")).fetchone() == (2,)
    assert duckdb.execute(sql.format(tmp_path / "b")).fetchone() == (1,)
    assert joined.rates is not None
    assert apart.rates is not None
    assert joined.rates["recall"] == 1
    # of three records of a person two are joined: one pair of three
    lost = 30 * 2 / (100 + 2 * 30)
    assert apart.rates["precision"] == 1
    assert apart.rates["recall"] == pytest.approx(1 - lost, abs=1e-6)


def test_rows_of_a_distinct_table_that_look_like_one_party_are_shown(tmp_path: Path):
    sources = two_tables(tmp_path / "in", _OURS, twice=5)
    match_files(sources, model_file(tmp_path, called({}, distinct=True)), tmp_path / "out", None, silent)
    shown = duckdb.execute(
        f"select linked_row_l::int, linked_row_r::int from '{tmp_path}/out/review.parquet'"
        " where conflict = 'same_table'"
    ).fetchall()
    assert sorted(map(sorted, shown)) == [[1 + place, 201 + place] for place in range(5)]


def test_a_column_missing_under_its_own_name_is_named(tmp_path: Path):
    sources = two_tables(tmp_path / "in", _THEIRS)
    told = called(_COLUMNS | {"手机": "mobil"})
    with pytest.raises(SourceError, match=r"no column 'mobil' \(field mobile; '手机' by tables.registry.columns\)"):
        match_files(sources, model_file(tmp_path, told), tmp_path / "out", None, silent)


def test_a_table_that_is_not_given_is_noted(tmp_path: Path):
    sources = two_tables(tmp_path / "in", _OURS)
    path = model_file(tmp_path, "registri: {distinct: true}")
    found = match_files(sources, path, tmp_path / "out", None, silent)
    assert "model: tables.registri: no such table was given; given are customers, registry" in found.notices


def test_a_proposal_finds_the_columns_that_hold_the_same(tmp_path: Path):
    sources = two_tables(tmp_path / "in", _THEIRS)
    told = propose_model(sources, tmp_path / "model.yml", "人", silent)
    assert "registry: cust_name: read as 姓名" in told
    assert "客户号: names the record" in told
    found = match_files(sources, tmp_path / "model.yml", tmp_path / "out", "人", silent)
    assert found.rates is not None
    assert found.rates["f1"] == 1
    assert duckdb.execute(
        f"select count(*) from '{tmp_path}/out/clusters.parquet' where record_id = 'registry:R7'"
    ).fetchone() == (1,)


def test_a_proposal_says_which_columns_the_other_table_lacks(tmp_path: Path):
    sources = two_tables(tmp_path / "in", _THEIRS)
    rows = read(sources[1])
    write(
        Path(sources[1]),
        [*_THEIRS[:4], "branch"],
        [[*row[:4], "总行" if row[0] < "R5" else "分行"] for row in rows[1:]],
    )
    told = propose_model(sources, tmp_path / "model.yml", "人", silent)
    assert "住址: used as address (field address), 50% filled, not in registry" in told
    assert "branch: ignored, tells no records apart" in told
    assert match_files(sources, tmp_path / "model.yml", tmp_path / "out", None, silent).notices == []


def test_of_two_columns_of_one_kind_those_with_the_same_values_are_one(tmp_path: Path):
    everybody = people(200)
    first = [[f"C{place}", row[0], row[2], f"137{place:08d}"] for place, row in enumerate(everybody)]
    second = [[f"R{place}", row[0], f"136{place:08d}", row[2]] for place, row in enumerate(everybody)]
    sources = [
        write(tmp_path / "one.csv", ["id", "name", "手机", "联系电话"], first),
        write(tmp_path / "two.csv", ["id", "name", "phone_a", "phone_b"], second),
    ]
    told = propose_model(sources, tmp_path / "model.yml", None, silent)
    assert "two: phone_b: read as 手机" in told
    assert "phone_a: used as telephone (field phone_3), 50% filled, not in one" in told


def test_tables_with_nothing_in_common_are_refused_in_one_line(tmp_path: Path):
    customers, _ = two_tables(tmp_path / "in", _OURS)
    other = write(tmp_path / "amounts.csv", ["p", "q"], [["1", "2"], ["3", "4"]])
    result = CliRunner().invoke(app, ["match", customers, other, "--propose", "--model", str(tmp_path / "m.yml")])
    assert isinstance(result.exception, SourceError)
    assert "no column that holds what another table holds" in str(result.exception)


def test_the_lines_own_model_speaks_of_no_tables(settings: Settings, tmp_path: Path):
    site = settings.model_copy(update={"config_dir": tmp_path})
    (tmp_path / "models").mkdir()
    model_file(tmp_path / "models", called({})).rename(tmp_path / "models" / "person.yml")
    with pytest.raises(SettingsError, match=r"person.yml, line 3: tables: only for mdm match"):
        line_model(site, "person")


@given(st.lists(st.sampled_from(["a.csv", "in/a.csv", "b/a_1.csv", "a_2.pq", "sqlite:///x.db#a", "c.csv"]), min_size=1))
def test_no_two_tables_are_called_the_same(sources: list[str]):
    names = table_names(sources)
    assert len(set(names)) == len(sources)
    assert all(name.startswith(("a", "c")) for name in names)
