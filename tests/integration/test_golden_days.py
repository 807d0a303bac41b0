"""dbt itself, day after day: versions of golden records and memberships of segments, and days run again."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from tests.golden_bench import DAY, Rows, dbt, load, make_project, parse_table, people, variables

SEGMENTS = [
    {"code": "vip", "name_zh": "贵宾", "name_en": "VIP", "description": "d", "condition": "deposit_balance > 500000"}
]
SECOND, THIRD = DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)


def _with(project: Path, tables: dict[str, Rows]) -> None:
    with duckdb.connect(str(project / "warehouse.duckdb")) as con:
        load(con, tables)


def _text(project: Path, query: str) -> str:
    with duckdb.connect(str(project / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute(query).fetchall()
    return "\n".join(" | ".join("" if value is None else str(value) for value in row).strip() for row in rows)


class Days:
    """Runs the two histories for a day over golden people (`id | name`) and balances (`id | deposit_balance`)."""

    def __init__(self, project: Path) -> None:
        self.project = make_project(project, "golden_history", "segment_history")

    def run(self, as_of: dt.date, names: dict[str, str], balances: dict[str, str]) -> None:
        _with(self.project, {
            "golden_person": [{"golden_id": golden_id, "name": name} for golden_id, name in names.items()],
            "customer_360": [{"golden_id": key, "deposit_balance": balance} for key, balance in balances.items()],
        })  # fmt: skip
        dbt(self.project, "run", variables(segments=SEGMENTS), as_of)

    def versions(self) -> list[str]:
        """Lines `golden id, valid_from, valid_to`, days as day of March."""
        days = "day(valid_from), day(valid_to)"
        return _text(self.project, f"select golden_id, {days} from golden_history order by all").splitlines()

    def members(self) -> list[str]:
        members = "select golden_id, day(valid_from) from segment_history where valid_to is null order by all"
        return _text(self.project, members).splitlines()


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> Days:
    return Days(tmp_path_factory.mktemp("days"))


RICH, POOR = "500000.01", "500000.00"
FIRST_NAMES = {"G1": "张三", "G2": "李四", "G3": "王五"}
FIRST_BALANCES = {"G1": RICH, "G2": RICH, "G3": POOR}
SECOND_NAMES = {"G1": "张三丰", "G2": "李四", "G4": "赵六"}
SECOND_BALANCES = {"G1": RICH, "G2": POOR, "G4": RICH}


# the tests of this module are one week in order: each goes on where the one before ended
def test_first_day_opens_one_version_each(days: Days) -> None:
    days.run(DAY, FIRST_NAMES, FIRST_BALANCES)
    assert days.versions() == ["G1 | 2 |", "G2 | 2 |", "G3 | 2 |"]
    assert days.members() == ["G1 | 2", "G2 | 2"]


def test_second_day_closes_what_changed_or_vanished(days: Days) -> None:
    days.run(SECOND, SECOND_NAMES, SECOND_BALANCES)
    assert days.versions() == ["G1 | 2 | 3", "G1 | 3 |", "G2 | 2 |", "G3 | 2 | 3", "G4 | 3 |"]
    assert days.members() == ["G1 | 2", "G4 | 3"]


def test_same_day_again_changes_nothing(days: Days) -> None:
    queries = ("from golden_history order by all", "from segment_history order by all")
    before = [_text(days.project, query) for query in queries]
    days.run(SECOND, SECOND_NAMES, SECOND_BALANCES)
    assert [_text(days.project, query) for query in queries] == before


def test_membership_that_was_interrupted_starts_anew(days: Days) -> None:
    days.run(THIRD, FIRST_NAMES, FIRST_BALANCES)
    assert days.members() == ["G1 | 2", "G2 | 4"]
    assert days.versions() == [
        "G1 | 2 | 3",
        "G1 | 3 | 4",
        "G1 | 4 |",
        "G2 | 2 |",
        "G3 | 2 | 3",
        "G3 | 4 |",
        "G4 | 3 | 4",
    ]


def test_day_again_with_corrected_data_takes_back_what_it_and_later_days_wrote(days: Days) -> None:
    days.run(SECOND, FIRST_NAMES, FIRST_BALANCES)
    assert days.versions() == ["G1 | 2 |", "G2 | 2 |", "G3 | 2 |"]
    assert days.members() == ["G1 | 2", "G2 | 2"]


def test_dbt_builds_and_tests_every_model(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    tables = people("""
        record_id | golden_id | name | branch_code | mobile      | birth_date
        core:1    | G1        | 张三 | 801001      | 13800138000 | 1950-01-01
        core:2    | G1        | 张三 | 801002      | 13900139000 | 1950-01-01
        card:1    | G2        | 李四 | 801001      |             |
    """)
    tables["stg_core__account"] = parse_table("""
        account_no | customer_no | account_kind | currency | status
        A1         | 1           | demand       | CNY      | active
    """)
    tables["stg_core__daily_balance"] = parse_table("account_no | balance_date | balance\nA1 | 2026-03-02 | 600000.00")
    _with(project, tables)
    for _ in range(2):
        status = dbt(project, "build --indirect-selection buildable", variables())
        assert set(status.values()) == {"success", "pass"}
    assert {"golden_person", "customer_360", "segment_member"} <= set(status)
    assert _text(
        project, "select golden_id, segment_code, since from segment_member where segment_code like 'vip%'"
    ) == ("G1 | vip_deposit_gt_500k | 2026-03-02")
