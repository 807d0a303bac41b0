"""`mdm match` on tables of our own: any encoding, a truth to compare with, bad input, the same result every time."""

from __future__ import annotations

import datetime as dt
import json
import random
import sqlite3
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dags.cli import app
from matching.model import load_model
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.propose import propose_model
from matching.report import write_report
from matching.table_files import load_table
from matching.table_match import Learnt, match_files
from matching.train import train
from tests.matching_bench import silent
from warehouse.errors import SettingsError, SourceError
from warehouse.settings import ROOT

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙朱马胡郭何高林罗"
_GIVEN = "伟强磊洋勇艳杰娟涛明超秀霞平刚桂英华兰红玲建文利国志海丽静敏"


def customers(people: int = 150, seed: int = 1) -> list[list[str]]:
    """A header and one to three records of each person; a second record may lack the date or have a new mobile."""
    rng = random.Random(seed)
    rows = [["客户号", "姓名", "出生日期", "手机", "住址", "人"]]
    for person in range(people):
        name = rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, 2))
        birth = f"{rng.randrange(1950, 2000)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
        mobile, home = (
            f"139{rng.randrange(10**8):08d}",
            f"湖北省襄阳市人民路{rng.randrange(900)}号{rng.randrange(99)}室",
        )
        for copy in range(rng.choice((1, 2, 3))):
            shown = [name, birth if copy != 1 else "", mobile if copy != 2 else f"137{rng.randrange(10**8):08d}", home]
            rows.append([f"C{len(rows):05d}", *shown, str(person)])
    return rows


def text_of(rows: list[list[str]], separator: str = ",") -> str:
    return "\n".join(separator.join(row) for row in rows) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A table and the model proposed for it."""
    path = tmp_path_factory.mktemp("table")
    (path / "customers.csv").write_text(text_of(customers()), encoding="utf-8")
    propose_model([str(path / "customers.csv")], path / "model.yml", "人", silent)
    return path


@pytest.fixture(scope="module")
def many_customers(tmp_path_factory) -> Path:
    """A table of some thousand records."""
    path = tmp_path_factory.mktemp("table") / "many.csv"
    path.write_text(text_of(customers(3000)), encoding="utf-8")
    return path


def test_a_proposed_model_matches_as_it_is(folder, tmp_path):
    matched = match_files([str(folder / "customers.csv")], folder / "model.yml", tmp_path, "人", silent)
    assert matched.rates is not None and matched.rates["f1"] > 0.98
    for name in ("pairs", "clusters", "review"):
        rows = pq.read_table(tmp_path / f"{name}.parquet").num_rows
        assert len((tmp_path / f"{name}.csv").read_text(encoding="utf-8").splitlines()) == rows + 1
    assert pq.read_table(tmp_path / "clusters.parquet").num_rows == len(customers()) - 1
    page = write_report(matched, tmp_path).read_text(encoding="utf-8")
    assert "<svg" in page and "http" not in page and "src=" not in page
    assert str(matched.rates["f1"]) in page


def test_truth_as_json_is_exactly_four_numbers(folder, tmp_path):
    command = ["match", str(folder / "customers.csv"), "--model", str(folder / "model.yml"), "--truth", "人"]
    result = CliRunner().invoke(app, [*command, "--out", str(tmp_path), "--format", "json"])
    assert result.exit_code == 0
    assert list(json.loads(result.stdout)) == ["precision", "recall", "f1", "b3_f1"]
    assert result.stderr.splitlines()[-1].startswith(f"results: {tmp_path}")


def test_threads_and_order_of_rows_change_nothing(folder, tmp_path, monkeypatch):
    rows = customers()
    shuffled = [rows[0], *random.Random(3).sample(rows[1:], len(rows) - 1)]
    (tmp_path / "shuffled.csv").write_text(text_of(shuffled), encoding="utf-8")
    connect = duckdb.connect
    for threads, name, table in ((4, "a", folder / "customers.csv"), (1, "b", tmp_path / "shuffled.csv")):

        def with_threads(*given, threads=threads, **options):
            con = connect(*given, **options)
            con.execute(f"set threads = {threads}")
            return con

        monkeypatch.setattr(duckdb, "connect", with_threads)
        match_files([str(table)], folder / "model.yml", tmp_path / name, None, silent)
    for name in ("clusters.csv", "pairs.csv", "review.csv", "parameters.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_a_limit_of_memory_changes_no_result(folder, tmp_path):
    for name, memory in (("a", None), ("b", "200MB")):
        match_files([str(folder / "customers.csv")], folder / "model.yml", tmp_path / name, None, silent, memory=memory)
    for name in ("clusters.csv", "pairs.csv", "review.csv", "parameters.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
    with pytest.raises(SettingsError, match="memory 'much': not a size"):
        match_files(["t.csv"], folder / "model.yml", tmp_path / "c", None, silent, memory="much")


def test_a_database_table_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("matching.table_files._ROWS", 1)  # several parts
    with sqlite3.connect(tmp_path / "t.sqlite") as con:
        con.execute("create table person (id integer, name text)")
        con.execute("insert into person values (1, 'Ann'), (2, '')")
    con = duckdb.connect()
    table, _ = load_table(con, f"sqlite:///{tmp_path / 't.sqlite'}#person", silent)
    assert table.to_pydict() == {"id": ["1", "2"], "name": ["Ann", None]}
    table, columns = load_table(con, f"sqlite:///{tmp_path / 't.sqlite'}#person", silent, ["name"])
    assert table.to_pydict() == {"name": ["Ann", None]} and columns == ["id", "name"]
    _, columns = load_table(con, f"sqlite:///{tmp_path / 't.sqlite'}#person", silent, ["none"])
    assert columns == ["id", "name"]
    with pytest.raises(SourceError, match="no such table"):
        load_table(con, f"sqlite:///{tmp_path / 't.sqlite'}#people", silent)


def test_a_parquet_file_is_read_as_text_without_blanks(tmp_path):
    pq.write_table(pa.table({
        "a.b": [" x\u3000", " "], "day": [dt.date(2020, 2, 29), None], "amount": [1.0, 2.5], "is_staff": [True, None],
        "kind": pa.array(["u", "v"]).dictionary_encode(), "big": pa.array(["y ", None], pa.large_string()),
        "phones": [["1", "2"], None], "numbers": [[1], [2, 3]],
    }), tmp_path / "t.parquet")  # fmt: skip
    table, columns = load_table(duckdb.connect(), str(tmp_path / "t.parquet"), silent)
    assert columns == ["a.b", "day", "amount", "is_staff", "kind", "big", "phones", "numbers"]
    assert table.to_pydict() == {
        "a.b": ["x", None], "day": ["2020-02-29", None], "amount": ["1.0", "2.5"], "is_staff": ["true", None],
        "kind": ["u", "v"], "big": ["y", None], "phones": [["1", "2"], None], "numbers": [["1"], ["2", "3"]],
    }  # fmt: skip
    table, _ = load_table(duckdb.connect(), str(tmp_path / "t.parquet"), silent, ["day", "other"])
    assert table.column_names == ["day"]
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(SourceError, match="not readable as Parquet"):
        load_table(duckdb.connect(), str(tmp_path / "t.parquet"), silent)


def test_several_files_are_linked(folder, tmp_path):
    rows = customers()
    (tmp_path / "one.csv").write_text(text_of([rows[0], *rows[1::2]]), encoding="utf-8")
    (tmp_path / "two.csv").write_text(text_of([rows[0], *rows[2::2]]), encoding="utf-8")
    files = [str(tmp_path / "one.csv"), str(tmp_path / "two.csv")]
    matched = match_files(files, folder / "model.yml", tmp_path / "out", "人", silent)
    assert matched.rates is not None and matched.rates["f1"] > 0.98
    records = matched.con.execute("select record_id from clusters").fetchall()
    assert {record[:4] for (record,) in records} == {"one:", "two:"}


def test_missing_columns_are_named_together(folder, tmp_path):
    rows = customers(5)
    rows[0][1], rows[0][3] = "姓 名", "电话"
    (tmp_path / "t.csv").write_text(text_of(rows), encoding="utf-8")
    with pytest.raises(SourceError) as caught:
        match_files([str(tmp_path / "t.csv")], folder / "model.yml", tmp_path / "out", "真相", silent)
    assert len(caught.value.problems) == 3
    assert "'姓名'" in caught.value.problems[0] or "'姓名'" in str(caught.value)
    assert "did you mean '姓 名'?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a,b\n1,2,3\n", "line 2: 3 fields instead of 2"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,\n1,2\n", "column 2 has no name"),
        ("a,b\n", "no rows"),
        ("", "empty"),
    ],
)
def test_a_damaged_table_is_named(text, word, tmp_path):
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=word):
        load_table(duckdb.connect(), str(tmp_path / "t.csv"), silent)


_SMALL = """
id: id
fields:
  name: {column: name, kind: person_name}
  mobile: {column: mobile, kind: telephone}
comparisons:
  - {comparison: name, use: chinese_name, of: {name: name}}
  - {comparison: mobile, use: telephone, of: {phone: mobile}}
blocking:
  - {rule: mobile, keys: [mobile_number]}
thresholds: {link: 2, review: -1}
training: {certain: [[name_key, mobile_number]]}
"""


def match_small(tmp_path: Path, rows: list[str]):
    (tmp_path / "small.yml").write_text(_SMALL, encoding="utf-8")
    (tmp_path / "t.csv").write_text("id,name,mobile\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return match_files([str(tmp_path / "t.csv")], tmp_path / "small.yml", tmp_path / "out", None, silent)


def test_one_giant_block_is_left_out_and_named_with_its_size(tmp_path):
    names = sorted({a + b + c for a in _SURNAMES for b in _GIVEN for c in _GIVEN})[:5000]
    matched = match_small(tmp_path, [f"{n},{name},13800138000" for n, name in enumerate(names)])
    assert any("'mobile': 1 blocks left out, the largest with 5,000 records" in note for note in matched.notices)
    assert matched.resolved.pairs == 0


def test_a_rule_of_too_many_pairs_loses_its_largest_blocks_first(tmp_path):
    names = sorted({a + b + c for a in _SURNAMES for b in _GIVEN for c in _GIVEN})[:3000]
    rows = [f"{n},{name},138{n // (50 if n < 1500 else 2):08d}" for n, name in enumerate(names)]
    (tmp_path / "small.yml").write_text(_SMALL + "limits: {max_pairs: 1000}\n", encoding="utf-8")
    (tmp_path / "t.csv").write_text("id,name,mobile\n" + "\n".join(rows) + "\n", encoding="utf-8")
    matched = match_files([str(tmp_path / "t.csv")], tmp_path / "small.yml", tmp_path / "out", None, silent)
    assert any("'mobile': 30 blocks left out, the largest with 50 records" in note for note in matched.notices)
    assert matched.resolved.pairs == 750


def test_lists_where_single_values_are_wanted_are_named_together(tmp_path):
    (tmp_path / "small.yml").write_text(_SMALL, encoding="utf-8")
    lists = [["1"], ["2", "3"]]
    pq.write_table(pa.table({"id": lists, "name": ["王伟", "李娜"], "mobile": lists}), tmp_path / "t.parquet")
    with pytest.raises(SourceError) as caught:
        match_files([str(tmp_path / "t.parquet")], tmp_path / "small.yml", tmp_path / "out", None, silent)
    assert len(caught.value.problems) == 2
    assert "column 'mobile' holds lists, and field 'mobile' of kind telephone takes single" in str(caught.value)


def test_identical_rows_are_compared_once(tmp_path):
    matched = match_small(tmp_path, [f"{n},王小明,13800138000" for n in range(50_000)])
    assert matched.resolved.pairs == 1
    assert "49,998 rows have the content of another row; they are compared once" in matched.notices
    assert matched.con.execute("select count(*) from clusters").fetchone() == (50_000,)


def test_rows_without_a_value_never_agree(tmp_path):
    matched = match_small(tmp_path, [f"{n},," for n in range(100)])
    assert matched.con.execute("select max(records) from clusters").fetchone() == (1,)
    assert any("field 'name': no value in any row" in note for note in matched.notices)
    lines = (tmp_path / "out" / "clusters.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert lines == [f'"{n}","{n}",1' for n in sorted(map(str, range(100)))]


def test_repeated_ids_are_told_apart(tmp_path):
    matched = match_small(tmp_path, ["7,王小明,13800138000", "7,李红,13900139000", "8,张伟,13700137000"])
    found = [row[0] for row in matched.con.execute("select record_id from clusters order by 1").fetchall()]
    assert found == ["7", "7#2", "8"]
    assert any("repeat an id" in note for note in matched.notices)


def test_rows_without_an_id_are_named_by_their_place_in_their_table(tmp_path):
    (tmp_path / "small.yml").write_text(_SMALL, encoding="utf-8")
    for name, rows in (("a", "7,王小明,\n,李红,\n"), ("b", ",张伟,\n8,周天,\n ,吴花,\n")):
        (tmp_path / f"{name}.csv").write_text("id,name,mobile\n" + rows, encoding="utf-8")
    files = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    matched = match_files(files, tmp_path / "small.yml", tmp_path / "out", None, silent)
    found = [row[0] for row in matched.con.execute("select record_id from clusters").fetchall()]
    assert found == ["a:7", "a:row 000000002", "b:8", "b:row 000000001", "b:row 000000003"]


@pytest.mark.parametrize("name", ["febrl3", "fake_1000", "senzing_truthset", "rldata500"])
def test_example_models_load(name):
    assert load_model(ROOT / "config" / "models" / "examples" / f"{name}.yml").blocking


def prepared_customers(con: duckdb.DuckDBPyConnection, folder: Path, path: Path, candidates: int) -> Prepared:
    """A table's records for the proposed model, which trains on so many of the pairs that blocking rules find."""
    model = load_model(folder / "model.yml")
    assert not model.training.blocks
    limits = model.limits.model_copy(update={"compare_all": 0})
    training = model.training.model_copy(update={"block_pairs": candidates})
    con.execute(f"create table given as select 客户号 as record_id, * from read_csv('{path}', all_varchar = true)")
    return prepare(con, model.model_copy(update={"limits": limits, "training": training}), "given", "prepared_record")


@pytest.mark.parametrize("candidates", [200_000, 1_000])
def test_joint_training_gives_the_same_numbers_from_arrays_and_from_a_table(folder, many_customers, candidates):
    """A day that looks at what changed has no arrays of all records when drift makes it train anew."""
    with duckdb.connect() as con:
        made = prepared_customers(con, folder, many_customers, candidates)
        day = dt.date(2026, 3, 2)
        assert train(Prepared(con, made.model, made.table), day) == train(made, day)


def test_joint_training_on_a_few_of_many_pairs_finds_the_same_prior(folder, many_customers):
    priors = []
    for candidates in (200_000, 1_000):
        with duckdb.connect() as con:
            made = prepared_customers(con, folder, many_customers, candidates)
            priors.append(train(made, dt.date(2026, 3, 2)).prior)
    assert priors[0] != priors[1] and priors[1] == pytest.approx(priors[0], rel=0.15)


def test_problems_of_a_model_carry_their_lines(tmp_path):
    (tmp_path / "m.yml").write_text(_SMALL.replace("chinese_name,", "chinese,"))
    with pytest.raises(SettingsError, match=r"line 7: comparisons.0: unknown comparator 'chinese'"):
        match_files(["t.csv"], tmp_path / "m.yml", tmp_path, None, silent)
    (tmp_path / "m.yml").write_text(_SMALL.replace("mobile_number]}", "mobil_number]}", 1))
    with pytest.raises(SettingsError, match=r"line 10: blocking rule 'mobile': unknown column 'mobil_number'"):
        match_files(["t.csv"], tmp_path / "m.yml", tmp_path, None, silent)


def test_labels_and_saved_numbers_through_the_command(folder, tmp_path):
    rows = customers()[1:]
    by_person: dict[str, list[str]] = {}
    for row in rows:
        by_person.setdefault(row[5], []).append(row[0])
    same = [ids[:2] for ids in by_person.values() if len(ids) > 1][:40]
    other = list(zip([row[0] for row in rows[0::9]], [row[0] for row in rows[5::9]], strict=False))
    lines = [f"{left},{right},same" for left, right in same] + [f"{left},{right},related" for left, right in other]
    (tmp_path / "labels.csv").write_text("record_id_l,record_id_r,verdict\n" + "\n".join(lines), encoding="utf-8")
    command = ["match", str(folder / "customers.csv"), "--model", str(folder / "model.yml"), "--format", "json"]
    labels = ["--labels", str(tmp_path / "labels.csv")]
    numbers = tmp_path / "a" / "parameters.json"
    for out, more in (("a", labels), ("b", labels), ("c", ["--parameters", str(numbers)])):
        result = CliRunner().invoke(app, [*command, *more, "--out", str(tmp_path / out)])
        assert result.exit_code == 0, result.output
    report = json.loads(CliRunner().invoke(app, [*command, *labels, "--out", str(tmp_path / "d")]).stdout)
    found = [
        report[name] for name in ("labels", "labelled_matches", "labelled_matches_apart", "labelled_others_joined")
    ]
    assert found == [len(lines), 40, 0, 0]
    assert json.loads(numbers.read_text())["labels"] == {"matches": 40, "others": len(other)}
    for name in ("parameters.json", "clusters.csv", "pairs.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "c" / name).read_bytes(), name


def test_numbers_of_another_model_are_refused(folder, tmp_path):
    match_files([str(folder / "customers.csv")], folder / "model.yml", tmp_path / "a", None, silent)
    (tmp_path / "small.yml").write_text(_SMALL)
    (tmp_path / "t.csv").write_text("id,name,mobile\n1,王小明,13800138000\n2,李红,13900139000\n", encoding="utf-8")
    saved = Learnt((), tmp_path / "a" / "parameters.json")
    with pytest.raises(SettingsError, match="trained for another model"):
        match_files([str(tmp_path / "t.csv")], tmp_path / "small.yml", tmp_path / "b", None, silent, saved)
    with pytest.raises(SettingsError, match=r"none\.json: no such file"):
        gone = Learnt((), tmp_path / "none.json")
        match_files([str(tmp_path / "t.csv")], tmp_path / "small.yml", tmp_path / "b", None, silent, gone)
