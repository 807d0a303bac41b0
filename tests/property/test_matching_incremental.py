"""A run that looks only at what changed gives what a run over everything gives, over random histories.

Two sites live the same days: one keeps what each run found and looks at what changed, the other looks at everything
every day. Values are drawn from small pools and limits are low, so that blocks overflow, components break constraints
and value counts cross their steps all the time.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from matching.link import link
from matching.train import parameters_path
from tests.matching_bench import fill_warehouse, make_people, person, read, resident, write_decisions
from warehouse.settings import Settings, load_settings

EXAMPLES = int(os.environ.get("MDM_HISTORIES", "3"))  # a night of more: MDM_HISTORIES=500
TABLES = ("party_identity", "identity_event", "identity_alias", "match_pair", "match_run", "match_cluster")
BIRTHS = ("19800305", "19800306", "19751112")
NUMBERS = ("420602198003050016", "420602198003050032", "420602198003060012", "420602197511120019", "42060219800305003X")
NAMES = ("张伟", "张炜", "章伟", "王小红", "王晓红", "欧阳晓燕", "欧阳燕", "ZHANG WEI", "张?")
POOLS: dict[str, tuple[Any, ...]] = {
    "name": NAMES,
    "former_name": (None, None, "张伟"),
    "document": (None, *NUMBERS),
    "birth_date": (None, *(dt.date.fromisoformat(f"{b[:4]}-{b[4:6]}-{b[6:]}") for b in BIRTHS)),
    "mobile": (None, "13912345678", "13912345679", "13811112222"),
    "email": (None, "zhangwei@example.com"),
    "address": (None, "湖北省人民路1号2单元301室", "湖北省人民路1号2单元302室"),
    "employer": (None, "宏达商贸有限公司", "第一中学"),
}
RECORDS = tuple(f"{source}:{number}" for source in ("card", "core", "zloan") for number in range(8))
VERDICTS = ("same", "different", "same_apart", "related", "unsure")
PERSON = st.fixed_dictionaries({name: st.sampled_from(pool) for name, pool in POOLS.items()})


@dataclass(frozen=True)
class Day:
    """What happens before a day is linked; `again`: the day before is linked again instead."""

    put: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    decisions: tuple[tuple[str, str, str], ...] = ()
    again: bool = False


DECISION = st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS), st.sampled_from(VERDICTS)).filter(
    lambda decision: decision[0] != decision[1]
)
DAY = st.builds(
    Day,
    put=st.dictionaries(st.sampled_from(RECORDS), PERSON, max_size=3),
    gone=st.frozensets(st.sampled_from(RECORDS), max_size=2),
    decisions=st.lists(DECISION, max_size=2).map(tuple),
    again=st.booleans().filter(lambda again: not again) | st.booleans(),
)


def as_row(record: str, values: dict[str, Any]) -> dict[str, Any]:
    """A person's record from drawn values."""
    document = resident(values["document"]) if values["document"] else {}
    address = values["address"]
    kept = {name: values[name] for name in ("former_name", "birth_date", "mobile", "email", "address", "employer")}
    return person(record, values["name"], **kept, **document, address_detail=address and address[3:])


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, Path]:
    """A folder of configuration with low limits, and numbers trained once for every history."""
    base = tmp_path_factory.mktemp("trained")
    site = load_settings(environ={"MDM_HOME": str(base / "home"), "MDM_KEY": "ab" * 32})
    config = shutil.copytree(site.config_dir, base / "config")
    path = config / "models" / "person.yml"
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    model["limits"] |= {"max_block": 4, "max_cluster": 6, "support": 0, "review_per_thousand": 400}
    path.write_text(yaml.safe_dump(model, allow_unicode=True), encoding="utf-8")
    site = site.model_copy(update={"config_dir": config})
    fill_warehouse(site, make_people(80)[0])
    link(site, dt.date(2026, 3, 1), "trained")
    return config, parameters_path(site, "person")


def new_site(base: Path, name: str, trained: tuple[Path, Path]) -> Settings:
    config, parameters = trained
    site = load_settings(environ={"MDM_HOME": str(base / name), "MDM_KEY": "ab" * 32})
    site = site.model_copy(update={"config_dir": config})
    target = parameters_path(site, "person")
    target.parent.mkdir(parents=True)
    shutil.copy(parameters, target)
    return site


def content(site: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the link step wrote, but how many pairs it weighed."""
    shown = {"match_run": "* exclude (pairs)"}
    return {table: read(site, f"select {shown.get(table, '*')} from {table} order by all") for table in TABLES}


# share of the records that may change before everything is looked at: here a few records are a large share
@pytest.fixture(autouse=True)
def every_change_is_small(monkeypatch):
    monkeypatch.setattr("matching.delta._MOST", 1.0)


# a history takes seconds: shrinking one would take minutes
@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    first=st.dictionaries(st.sampled_from(RECORDS), PERSON, min_size=12, max_size=24),
    days=st.lists(DAY, min_size=3, max_size=4),
)
def test_what_changed_gives_what_everything_gives(first, days, trained, tmp_path_factory):
    base = tmp_path_factory.mktemp("history")
    sites = [new_site(base, name, trained) for name in ("changes", "everything")]
    rows, decisions, day = dict(first), [], dt.date(2026, 3, 2)
    for event in [Day(), Day(), *days]:
        if not event.again:
            day += dt.timedelta(days=1)
        rows = {r: v for r, v in {**rows, **event.put}.items() if r not in event.gone}
        decisions += [(*decision, day - dt.timedelta(days=1)) for decision in event.decisions]
        for site, whole in zip(sites, (False, True), strict=True):
            fill_warehouse(site, [as_row(record, values) for record, values in sorted(rows.items())])
            write_decisions(site, decisions)
            link(site, day, f"run-{day}", whole=whole)
        changes, everything = map(content, sites)
        for table in TABLES:
            assert changes[table] == everything[table], (table, day)
