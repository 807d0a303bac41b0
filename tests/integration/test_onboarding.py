"""A foreign bank by configuration alone: a new site, `mdm source add`, what a person edits, a day that ends green."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from connectors.onboarding.add import Place, Report, add_source
from dags.runner import run_day
from dags.site import new_site
from dags.source_check import check_source
from tests.foreign_bank import LAST, LOANS, SECOND_HOLDERS, ForeignBank, make_bank, write_bank
from warehouse import ledger, store
from warehouse.dbt import run_dbt
from warehouse.embedded_pg import stop_all
from warehouse.errors import SettingsError, TransformError
from warehouse.ledger import run_id_of
from warehouse.settings import Settings, load_settings

CODES = {
    "A": "closed", "B": "closed", "C": "active", "D": "overdue", "PRIJEM": "in", "VYDAJ": "out", "VYBER": "out",
    "OWNER": "owner",
}  # fmt: skip


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text, (path, before)
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def fill_codes(path: Path) -> None:
    """As a person does; DISPONENT is forgotten."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        row[3] = CODES.get(row[2], "UNMAPPED")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


@dataclass
class Site:
    settings: Settings
    bank: ForeignBank
    report: Report
    findings: list[str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The bank, brought in and run for one day."""
    root = tmp_path_factory.mktemp("foreign")
    bank = make_bank()
    write_bank(bank, root / "in")
    new_site(root / "bank", "Foreign Bank")
    settings = load_settings(root / "bank", environ={})
    report = add_source(settings, "praha", Place(path=root / "in"), currency="CZK")
    folder = settings.config_dir
    fill_codes(folder / "dbt/seeds/code_map__praha.csv")
    edit(folder / "dbt/models/canonical/balance__praha_trans.sql", ("tolerance=0)", "tolerance=0.15)"))
    edit(folder / "rules/customer_360.yml", ("{CNY: 1}", "{CNY: 1, CZK: 0.3}"))
    edit(
        folder / "quality/golden.yml",
        ("column: name, share: 0.95}", "column: name, share: 0.95, severity: warn}"),
        ("column: branch_code, share: 0.95}", "column: branch_code, share: 0.95, severity: warn}"),
    )
    findings = check_source(settings, "praha", LAST)
    assert not (settings.home / "landing").exists()  # the check leaves nothing behind
    run_day(settings, LAST, lambda step, message: None)
    yield Site(settings, bank, report, [f"{one.subject}: {one.is_good}" for one in findings])
    stop_all(settings)


def rows(site: Site, sql: str) -> list[tuple]:
    with store.connect(site.settings, read_only=True) as con:
        return con.execute(sql).fetchall()


def test_the_day_ends_green(site):
    assert ledger.runs(site.settings)[0]["status"] == "succeeded"
    assert {line.partition(": ")[2] for line in site.findings} == {"True"}
    assert {"connection", "table trans", "sample", "gate", "policy"} <= {
        line.partition(":")[0] for line in site.findings
    }


def test_the_balance_of_every_account_is_the_banks_own(site):
    found = dict(rows(site, "select account_number, balance from c360_account where account_kind = 'deposit'"))
    assert found == site.bank.balances
    sums = dict(rows(site, """
        select account_number, sum(case direction when 'in' then amount else -amount end)
        from contract_transaction group by all
    """))  # fmt: skip
    assert sums != site.bank.balances  # amounts are rounded: the sum alone would not do


def test_people_come_out_with_what_the_birth_number_tells(site):
    found = rows(site, """
        select x.source_key, p.birth_date, p.sex, p.name
        from golden_person as p inner join golden_xref as x using (golden_id)
    """)  # fmt: skip
    assert {key: (birth, sex) for key, birth, sex, _ in found} == site.bank.people
    assert {name for _, _, _, name in found} == {None}


def test_owners_own_and_second_holders_do_not(site):
    owned = rows(site, "select account_number, record_id from int_c360__ledger_account where account_kind = 'deposit'")
    assert {f"praha:{number}": record for number, record in owned} == {record: record for _, record in owned}
    loans = rows(
        site, "select account_number, record_id, status from int_c360__ledger_account where account_kind = 'loan'"
    )
    assert len(loans) == LOANS and all(number == record.replace("praha:", "loan-") for number, record, _ in loans)
    assert {status for _, _, status in loans} == {"closed", "active", "overdue"}


def test_a_code_nobody_filled_in_is_unmapped_and_told(site):
    assert rows(site, "from int_reference__unmapped_code") == [("praha", "holder_role", "DISPONENT", SECOND_HOLDERS)]
    assert rows(site, "select distinct holder_role from stg_praha__disp order by 1") == [("UNMAPPED",), ("owner",)]


def test_adding_again_touches_no_file(site):
    before = {path: path.read_bytes() for path in site.settings.config_dir.rglob("*") if path.is_file()}
    folder = site.settings.config_dir.parent / "in"
    again = add_source(site.settings, "praha", Place(path=folder), currency="CZK")
    assert again.written == []
    # what the policy file classifies needs no proposal any more
    assert set(again.kept) == set(site.report.written) - {"policy/praha.yml"}
    assert {path: path.read_bytes() for path in before} == before


def test_a_misspelt_column_of_a_canonical_model_is_refused(site):
    """Last: it changes the site."""
    path = site.settings.config_dir / "dbt/models/canonical/party__praha_client.sql"
    edit(path, ("        birth_date,\n", "        birth_date as birthdate,\n"))
    with pytest.raises(TransformError, match="contract party has no column birthdate"):
        run_dbt(site.settings, "party__praha_client contract_party", LAST, run_id_of(LAST))
    path.rename(path.with_name("parties__praha.sql"))
    with pytest.raises(SettingsError, match=r"parties__praha\.sql: provides no contract"):
        run_dbt(site.settings, "contract_party", LAST, run_id_of(LAST))
