"""Thirty days of a bank: renewals, corrections, new sources, decisions and their undo, one model change (make bench).

From standardised records to customers, with the real linker; figures go to docs/benchmarks.md.
"""

import datetime as dt
import random
import sys
import time

import pytest
import yaml

from matching.explain import explain
from matching.lineage import read_lineage
from matching.link import link
from tests.matching_bench import fill_warehouse, identities, make_people, read, write_decisions
from warehouse import store

PEOPLE, DAYS = 2_000, 30
FIRST = dt.date(2026, 3, 2)


class Bank:
    """The records of the day, changed a little every night."""

    def __init__(self):
        self.rng = random.Random(30)
        self.rows = {row["record_id"]: row for row in make_people(PEOPLE, seed=30)[0]}
        self.documents = []
        self.decisions = []

    def night(self, number):
        """1 % corrections, some renewals, arrivals and departures; on day 10 a new source, on day 20 another."""
        for record in self.rng.sample(sorted(self.rows), len(self.rows) // 100):
            self.rows[record] = {**self.rows[record], "mobile": f"19{self.rng.randrange(10**9):09d}"}
        for record in self.rng.sample(sorted(r for r in self.rows if self.rows[r].get("document_key")), 5):
            old = self.rows[record]["document_key"]
            number_new = f"E{self.rng.randrange(10**8):08d}"
            self.documents.append((record, old))
            self.rows[record] = {**self.rows[record], "document_type": "passport", "document_number": number_new,
                                 "document_key": f"P:{number_new}", "birth_date_document": None}  # fmt: skip
        for record in self.rng.sample(sorted(self.rows), 4):
            del self.rows[record]
        for row in make_people(4, seed=1000 + number)[0]:
            record = f"{row['record_id']}n{number}"
            self.rows[record] = {**row, "record_id": record}
        if number in (10, 20):
            for row in [row for row in self.rows.values() if row["record_id"].startswith("core:")][::4]:
                record = f"wealth{number}:{row['record_id']}"
                self.rows[record] = {**row, "record_id": record, "source": f"wealth{number}"}


@pytest.fixture
def config(settings, tmp_path):
    import shutil

    folder = shutil.copytree(settings.config_dir, tmp_path / "config")
    return settings.model_copy(update={"config_dir": folder})


def groups(identity):
    found = {}
    for record, identifier in identity.items():
        found.setdefault(identifier, set()).add(record)
    return {frozenset(records): identifier for identifier, records in found.items()}


def change_model(site):
    path = site.config_dir / "models" / "person.yml"
    model = yaml.safe_load(path.read_text(encoding="utf-8"))
    model["thresholds"] |= {"link": 9}
    path.write_text(yaml.safe_dump(model, allow_unicode=True), encoding="utf-8")


def test_thirty_days_keep_every_id(config):
    bank, states, merged = Bank(), [], None
    begin, moved, wobbled = time.process_time(), 0, 0
    for number in range(DAYS):
        day = FIRST + dt.timedelta(number)
        if number:
            bank.night(number)
        if number == 15:
            change_model(config)
        if number == 5:
            ids = sorted(groups(states[-1]).items(), key=lambda item: item[1])
            merged = [min(records) for records, _ in ids[:400] if records <= set(bank.rows)][:2]
            bank.decisions = [(*sorted(merged), "same", day - dt.timedelta(1))]
        if number == 6:
            bank.decisions = []
        fill_warehouse(config, bank.rows.values(), documents=bank.documents)
        write_decisions(config, bank.decisions)
        link(config, day, f"run-{day}")
        states.append(identities(config))
        if number:
            before, after = groups(states[-2]), groups(states[-1])
            wobbled += sum(before[records] != after[records] for records in before.keys() & after.keys())
            moved += sum(states[-1].get(r, i) != i for r, i in states[-2].items())
    seconds = time.process_time() - begin
    assert wobbled == 0
    assert states[5][merged[0]] == states[5][merged[1]]  # merged by a steward for one day
    assert all(states[6][record] == states[4][record] for record in merged)  # and each has its own id back
    given = {row[0] for row in read(config, "select golden_id from identity_event where kind = 'mint'")}
    with store.connect(config, read_only=True) as con:
        lineage = read_lineage(con, *given)
    for number, state in enumerate(states):
        alive = set(state.values())
        for identifier in given:
            found = lineage.at(identifier, FIRST + dt.timedelta(number))
            assert found is None or found[0] == "retired" or found[1] in alive
            assert (identifier in alive) == (found == ("active", identifier))
    for identifier in sorted(given)[:: max(1, len(given) // 20)]:
        assert explain(config, identifier)["status"] in ("active", "retired")
    sys.stdout.write(
        f"\n{DAYS} days of {len(states[0]):,} to {len(states[-1]):,} records: {seconds:.0f} CPU s, {len(given):,} ids"
        f" given, {moved} records changed their customer, 0 untouched customers changed their id, every id resolves"
        " on every day\n"
    )
