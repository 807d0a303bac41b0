"""Two ways to one answer: our two-step use of Splink against Splink's own `predict`. Rules on literals."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from splink import DuckDBAPI, Linker

from matching.engine import splink_settings
from matching.levels import level_patterns
from matching.model import load_model
from matching.parameters import Parameters, stated_levels
from matching.prepare import prepare
from matching.prepared import Prepared
from matching.rules import condition
from matching.score import scorer
from matching.term_frequency import rounded_count_sql
from tests.matching_bench import fill_warehouse, make_people
from warehouse import store
from warehouse.settings import ROOT


@pytest.fixture
def bench(settings):
    """Prepared people, stated numbers, and pairs of one sex; the same records as a table called `prepared`."""
    from matching.party import gather_parties

    fill_warehouse(settings, make_people(60)[0])
    model = load_model(ROOT / "config" / "models" / "person.yml")
    parameters = Parameters(
        party_type="person", structure_hash="", trained_as_of=dt.date(2026, 3, 2).isoformat(), records=130,
        fingerprint="", prior=0.01, levels=stated_levels(model),
    )  # fmt: skip
    with store.connect(settings) as con:
        con.execute("use memory")
        gather_parties(con)
        made = prepare(con, model, "party_person", "made")
        con.execute("create table prepared as from made")
        con.execute(
            "create table pairs as select 'x' as match_key, l.record_no as join_key_l, r.record_no as join_key_r"
            " from prepared as l join prepared as r using (sex) where l.record_no < r.record_no"
        )
        yield made, parameters


@pytest.mark.parametrize("in_memory", [True, False])
def test_levels_and_weights_are_splinks_own(bench, in_memory):
    """Splink finds levels by its own SQL over all values; ours come from hashes and the values still needed."""
    made, parameters = bench
    con, model = made.con, made.model
    prepared = made if in_memory else Prepared(con, model, "prepared")
    scorer(prepared, parameters).weigh("pairs", "ours")
    api = DuckDBAPI(connection=con)
    linker = Linker(api.register("prepared"), splink_settings(model, parameters))
    for column in model.term_frequency_columns:
        shares = f'select "{column}", {rounded_count_sql("count(*)")} / 130 as "tf_{column}" from prepared'
        con.execute(f'create table shares_of_{column} as {shares} where "{column}" is not null group by 1')
        linker.table_management.register_term_frequency_lookup(api.register(f"shares_of_{column}"), column)
    linker.table_management.register_blocked_pairs_for_predict(api.register("pairs"))
    theirs = linker.inference.predict(warning_mode="never").physical_name
    columns = ["record_no_l", "record_no_r", "match_weight", "match_probability"]
    worth = {"ours": [f'"weight_{c.comparison}"' for c in model.comparisons]}
    worth[theirs] = [
        f'"mw_{c.comparison}"'
        + (f' + "mw_tf_adj_{c.comparison}"' if any(level.term_frequency for level in c.levels) else "")
        for c in model.comparisons
    ]
    rows = [
        con.execute(f"select {', '.join([*columns, *weights])} from {table} order by 1, 2").fetchall()
        for table, weights in worth.items()
    ]
    assert rows[0] == rows[1] and len(rows[0]) > 100
    weights = " + ".join(f'"weight_{c.comparison}"' for c in model.comparisons)
    spread = con.execute(
        f"select max(match_weight - ({weights})) - min(match_weight - ({weights})) from ours"
    ).fetchone()
    assert spread[0] == pytest.approx(0, abs=1e-9), "a weight is the prior and the comparisons, nothing else"


def test_patterns_count_every_pair_once(bench):
    made, _ = bench
    names = [c.comparison for c in made.model.comparisons]
    patterns = level_patterns(made, "pairs", names)
    assert sum(row[-1] for row in patterns) == made.con.execute("select count(*) from pairs").fetchone()[0]
    assert patterns == level_patterns(Prepared(made.con, made.model, "prepared"), "pairs", names)
    assert level_patterns(made, "pairs", []) == []


@pytest.mark.parametrize(
    ("rules", "left", "right", "expected"),
    [
        ({"similar": ["a", 0.9]}, "martha", "marhta", True),
        ({"similar": ["a", 0.9]}, "martha", "dwayne", False),
        ({"contained": ["a", 3], "prefix": ["a", 3]}, "abcd", "abcde", True),
        ({"contained": ["a", 3], "prefix": ["a", 3]}, "bcde", "abcde", False),
        ({"near_number": "a"}, "12345", "12346", False),  # too short to be near anything
        ({"same": "a"}, None, None, None),
        ({"near_number": "a"}, None, "123456789", None),
    ],
)
def test_rules_on_literals(rules, left, right, expected):
    sql = f"select {condition(rules)} from (select ?::varchar as a_l, ?::varchar as a_r)"
    with duckdb.connect() as con:
        assert con.execute(sql, [left, right]).fetchone()[0] is expected
