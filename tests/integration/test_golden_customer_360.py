"""The customer view and segments as a bank meets them: accounts in, one row per customer out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.golden_bench import DAY, Compiled, Rows, fresh_bench, parse_table, people

TWO_RECORDS = """
    record_id | golden_id | name | branch_code
    core:1    | G1        | 张三 | 801001
    core:2    | G1        | 张三 | 801002
"""
STATUS = [{"source": source, "as_of": DAY, "data_as_of": DAY} for source in ("core", "call", "counter", "ebank")]


@pytest.fixture
def bench() -> Iterator[Compiled]:
    yield from fresh_bench()


def person(**tables: str | Rows) -> dict[str, Rows]:
    """One customer G1 with two core records, and the other tables."""
    more = {name: parse_table(rows) if isinstance(rows, str) else rows for name, rows in tables.items()}
    return people(TWO_RECORDS) | more


def deposit(balance: Any, **account: Any) -> dict[str, Rows]:
    """One customer with one demand account."""
    row = {"account_no": "A1", "customer_no": "1", "account_kind": "demand", "currency": "CNY", "status": "active"}
    held = [{"account_no": "A1", "balance_date": DAY, "balance": balance}]
    return person(stg_core__account=[row | account], stg_core__daily_balance=held)


def test_balances_of_all_records_of_one_customer_add_up(bench: Compiled) -> None:
    bench.run(person(
        stg_core__account="""
            account_no | customer_no | account_kind | currency | status
            A1         | 1           | demand       | CNY      | active
            A2         | 2           | time         | CNY      | active
            A3         | 2           | demand       | CNY      | closed
        """,
        stg_core__daily_balance="""
            account_no | balance_date | balance
            A1         | 2026-03-01   | 7.00
            A1         | 2026-03-02   | 100.10
            A2         | 2026-02-27   | 200.20
            A2         | 2026-03-03   | 9999.00
            A3         | 2026-03-02   | 5.00
        """,
    ))  # fmt: skip
    assert bench.table("customer_360", "deposit_balance, aum, account_count, active_account_count") == (
        "300.30 | 300.30 | 3 | 2"
    )
    assert bench.table("customer_360", "has_deposit, has_time_deposit, product_count") == "True | True | 2"


def test_aum_is_deposits_and_wealth_without_loans_and_cards(bench: Compiled) -> None:
    tables = deposit("1000.00") | {
        "stg_wealth__holding": parse_table("""
            customer_no | product_code | market_value
            7           | P1           | 200.50
            7           | P1           | 99.50
        """),
        "stg_credit__loan": parse_table("""
            loan_no | applicant_no | balance | status  | overdue_days
            L1      | 8            | 5000.00 | overdue | 12
            L2      | 8            | 0.00    | settled | 0
        """),
        "stg_card__card": parse_table("""
            card_number | cardholder_no | status
            C1          | 9             | active
            C2          | 9             | closed
        """),
        "stg_card__statement": parse_table("""
            card_number | statement_date | balance
            C1          | 2026-01-15     | 77.00
            C1          | 2026-02-15     | 33.00
            C2          | 2025-02-15     | 11.00
        """),
    }
    more = people("""
        record_id | golden_id
        wealth:7  | G1
        credit:8  | G1
        card:9    | G1
    """)
    merged = {name: tables.get(name, []) + more[name] for name in more}
    bench.run(tables | merged)
    assert bench.table("customer_360", "aum, wealth_value, loan_balance, card_balance, overdue_days") == (
        "1300.00 | 300.00 | 5000.00 | 33.00 | 12"
    )
    assert bench.table("customer_360", "holding_count, loan_count, card_count, product_count") == "1 | 1 | 1 | 4"
    assert bench.table("c360_account", "account_key, account_kind, balance, status") == (
        "card:C1 | credit_card | 33.00 | active\ncard:C2 | credit_card | 11.00 | closed\n"
        "core:A1 | deposit | 1000.00 | active\ncredit:L1 | loan | 5000.00 | overdue\n"
        "credit:L2 | loan | 0.00 | closed\nwealth:7-P1 | wealth | 300.00 | active"
    )


@pytest.mark.parametrize(
    ("balance", "members"), [("499999.99", ""), ("500000.00", ""), ("500000.01", "G1"), ("9999999.99", "G1")]
)
def test_vip_starts_above_half_a_million_to_the_cent(bench: Compiled, balance: str, members: str) -> None:
    bench.run(deposit(balance))
    assert bench.table("segment_member where segment_code = 'vip_deposit_gt_500k'", "golden_id") == members


@pytest.mark.parametrize(
    ("balance", "tier"),
    [("-1.00", "mass"), ("49999.99", "mass"), ("50000.00", "potential"), ("499999.99", "potential"),
     ("500000.00", "affluent"), ("5999999.99", "affluent"), ("6000000.00", "private")],
)  # fmt: skip
def test_tier_starts_at_its_threshold(bench: Compiled, balance: str, tier: str) -> None:
    bench.run(deposit(balance))
    assert bench.table("customer_360", "tier") == tier


def test_balance_in_a_currency_without_a_rate_is_counted_not_summed(bench: Compiled) -> None:
    bench.run(deposit("1000.00", currency="USD"))
    assert bench.table("customer_360", "aum, unconverted_account_count, account_count") == "0.00 | 1 | 1"


def test_customer_without_anything_has_zeros_and_a_tier(bench: Compiled) -> None:
    bench.run(person())
    assert bench.table("customer_360", "party_type, aum, tier, product_count, days_since_transaction") == (
        "person | 0.00 | mass | 0 |"
    )


def test_interest_fees_and_wages_are_not_activity(bench: Compiled) -> None:
    transactions = parse_table("""
        transaction_id | account_no | occurred_at         | amount | direction | transaction_type
        T1             | A1         | 2026-01-10 09:00:00 | 100.00 | in        | transfer
        T2             | A1         | 2026-01-20 23:59:59 | 30.00  | out       | pos
        T3             | A1         | 2026-02-15 09:00:00 | 6000.00| in        | wage
        T4             | A1         | 2026-02-20 09:00:00 | 1.00   | in        | interest
        T5             | A1         | 2026-02-21 09:00:00 | 2.00   | out       | fee
        T6             | A1         | 2025-01-21 09:00:00 | 500.00 | out       | cash
        T7             | A1         | 2026-03-03 09:00:00 | 500.00 | out       | cash
    """)
    bench.run(deposit("10.00") | {"stg_core__transaction": transactions})
    assert (
        bench.table("customer_360", "last_transaction_date, days_since_transaction, transaction_count, inflow, outflow")
        == "2026-01-20 | 41 | 2 | 100.00 | 30.00"
    )
    assert bench.table("customer_360", "has_wage_credit") == "True"


def test_wage_window_ends_after_its_days(bench: Compiled) -> None:
    wage = {"transaction_id": "T", "account_no": "A1", "amount": 1, "direction": "in", "transaction_type": "wage"}
    for day, expected in (("2026-01-02", "True"), ("2026-01-01", "False")):  # 59 and 60 days before 2 March
        bench.run(deposit("10.00") | {"stg_core__transaction": [wage | {"occurred_at": f"{day} 12:00:00"}]})
        assert (day, bench.table("customer_360", "has_wage_credit")) == (day, expected)


def test_contacts_of_every_channel_become_interactions(bench: Compiled) -> None:
    tables = person(
        source_status=STATUS,
        stg_call__note="note_id | contact_no | occurred_at | branch_code\nN1 | 5 | 2026-02-01 10:00:00 | 801001",
        stg_call__complaint="""
            complaint_id | contact_no | status | opened_at
            K1           | 5          | open   | 2026-02-02 10:00:00
            K2           | 5          | closed | 2025-02-02 10:00:00
        """,
        stg_counter__identity_renewal="renewal_id | customer_no | handled_date\nW1 | 1 | 2026-02-03",
        stg_counter__info_change="change_id | customer_no | handled_date\nX1 | 2 | 2026-02-04",
        stg_counter__signed_form="form_id | customer_no | signed_date\nF1 | 1 | 2026-02-05",
        stg_ebank__user="user_no | status\n6 | active",
        stg_ebank__event="""
            event_id | user_no | event_type | occurred_at
            E1       | 6       | login      | 2026-02-28 08:00:00
            E2       | 6       | login      | 2026-02-28 21:00:00
            E3       | 6       | transfer   | 2026-03-01 21:00:00
            E4       | 6       | login      | 2026-03-03 21:00:00
        """,
    )
    more = people("record_id | golden_id\ncall:5 | G1\nebank:6 | G1")
    bench.run(tables | {name: tables[name] + more[name] for name in more})
    assert bench.table("c360_interaction", "interaction_id, interaction_type, occurred_at") == (
        "call:complaint:K1 | complaint | 2026-02-02 10:00:00\n"
        "call:complaint:K2 | complaint | 2025-02-02 10:00:00\n"
        "call:note:N1 | note | 2026-02-01 10:00:00\n"
        "counter:change:X1 | info_change | 2026-02-04 00:00:00\n"
        "counter:form:F1 | signed_form | 2026-02-05 00:00:00\n"
        "counter:renewal:W1 | identity_renewal | 2026-02-03 00:00:00\n"
        "ebank:login:6:2026-02-28 | login | 2026-02-28 21:00:00"
    )
    assert (
        bench.table(
            "customer_360", "last_contact_date, login_days, complaint_count, open_complaint_count, has_mobile_bank"
        )
        == "2026-02-28 | 1 | 2 | 1 | True"
    )
    assert bench.table("c360_interaction where source_freshness is null", "interaction_id") == ""


def suitability(assessments: str) -> dict[str, Rows]:
    """One customer with two wealth numbers, a holding of risk R3 and risk assessments."""
    return people("record_id | golden_id\nwealth:1 | G1\nwealth:2 | G1") | {
        "stg_wealth__risk_assessment": parse_table(assessments),
        "stg_wealth__holding": parse_table("customer_no | product_code | market_value\n1 | P3 | 100.00"),
        "stg_wealth__product": parse_table("product_code | risk_level\nP3 | R3"),
    }


def test_of_two_valid_assessments_the_more_careful_counts(bench: Compiled) -> None:
    tables = suitability("""
        assessment_id | customer_no | assessed_date | level | valid_to
        Z0            | 1           | 2024-01-01    | C1    | 2027-01-01
        Z1            | 1           | 2025-06-01    | C4    | 2026-05-31
        Z2            | 2           | 2025-05-01    | C2    | 2026-04-30
    """)
    bench.run(tables)
    assert bench.table("customer_360", "risk_level, risk_valid_to, risk_is_valid, unsuitable_holding_count") == (
        "C2 | 2026-04-30 | True | 1"
    )


def test_valid_assessment_before_an_expired_one(bench: Compiled) -> None:
    tables = suitability("""
        assessment_id | customer_no | assessed_date | level | valid_to
        Z1            | 1           | 2025-03-03    | C3    | 2026-03-02
        Z2            | 2           | 2025-03-02    | C1    | 2026-03-01
    """)
    bench.run(tables)
    assert bench.table("customer_360", "risk_level, risk_is_valid, unsuitable_holding_count") == "C3 | True | 0"


def test_expired_assessment_is_due(bench: Compiled) -> None:
    tables = suitability("""
        assessment_id | customer_no | assessed_date | level | valid_to
        Z1            | 1           | 2025-03-02    | C5    | 2026-03-01
    """)
    bench.run(tables)
    assert bench.table("customer_360", "risk_level, risk_is_valid") == "C5 | False"
    assert "risk_assessment_due" in bench.table("segment_member", "segment_code").splitlines()


NINE = {
    "name": "张三", "sex": "M", "nationality": "CHN", "occupation": "教师", "employer": "一中", "email": "a@b.cn",
    "document_type": "passport", "document_number": "E11111111", "document_is_valid": True, "document_expiry": DAY,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "missing"),
    [({}, ""), ({"name": "张?"}, "name"), ({"sex": None}, "sex"), ({"nationality": None}, "nationality"),
     ({"occupation": None}, "occupation"), ({"employer": None}, "address"), ({"email": None}, "contact"),
     ({"email": None, "phone": "028-1"}, ""), ({"document_type": None}, "document_type"),
     ({"document_is_valid": False}, "document_number"), ({"document_expiry": "2026-03-01"}, "document_expiry"),
     ({"document_number": None}, "document_type, document_number, document_expiry")],
)  # fmt: skip
def test_nine_identity_elements(bench: Compiled, change: dict[str, Any], missing: str) -> None:
    bench.run(people("record_id | golden_id\ncore:1 | G1", **(NINE | change)))
    filled = 9 - len(missing.split(", ")) if missing else 9
    assert bench.table("customer_360", "kyc_filled_count, kyc_is_complete, kyc_missing") == (
        f"{filled} | {not missing} | {missing}".strip()
    )


def test_organizations_have_no_age_and_no_nine_elements(bench: Compiled) -> None:
    bench.run(people("record_id | golden_id | name\nregistry:U1 | G1 | 甲公司", party_type="organization"))
    assert bench.table("customer_360", "party_type, age, kyc_filled_count, kyc_is_complete, branch_code") == (
        "organization |  |  |  |"
    )
    members = bench.table("segment_member", "segment_code").splitlines()
    assert "kyc_incomplete" not in members and "senior" not in members


@pytest.mark.parametrize(
    ("expiry", "segments"),
    [("2026-03-01", "document_expired"), ("2026-03-02", "document_expiring_90d"),
     ("2026-05-31", "document_expiring_90d"), ("2026-06-01", ""), ("", "")],
)  # fmt: skip
def test_document_segments_at_their_edges(bench: Compiled, expiry: str, segments: str) -> None:
    bench.run(people(f"record_id | golden_id | document_number | document_expiry\ncore:1 | G1 | E1 | {expiry}"))
    assert bench.table("segment_member where segment_code like 'document%'", "segment_code") == segments


@pytest.mark.parametrize(
    ("birth_date", "members"), [("1966-03-02", "G1"), ("1966-03-03", ""), ("1940-02-29", "G1"), ("", "")]
)
def test_senior_from_the_sixtieth_birthday(bench: Compiled, birth_date: str, members: str) -> None:
    bench.run(people(f"record_id | golden_id | birth_date\ncore:1 | G1 | {birth_date}"))
    assert bench.table("segment_member where segment_code = 'senior'", "golden_id") == members


def test_second_class_i_account_shows_only_after_merging_the_records(bench: Compiled) -> None:
    accounts = """
        account_no | customer_no | account_kind | account_class | currency | status
        A1         | 1           | demand       | I             | CNY      | active
        A2         | 2           | demand       | I             | CNY      | active
        A3         | 2           | demand       | I             | CNY      | closed
    """
    bench.run(person(stg_core__account=accounts))
    assert bench.table("customer_360", "class_i_account_count") == "2"
    assert "class_i_duplicate" in bench.table("segment_member", "segment_code").splitlines()


def test_deposits_that_fell_by_a_third_are_a_churn_risk(bench: Compiled) -> None:
    for now, expected in (("69999.99", True), ("70000.00", False)):
        tables = deposit(now)
        tables["stg_core__daily_balance"].append(
            {"account_no": "A1", "balance_date": "2026-01-31", "balance": "100000.00"}
        )
        bench.run(tables)
        assert ("churn_risk" in bench.table("segment_member", "segment_code").splitlines()) is expected


def test_account_of_an_unknown_owner_is_left_out(bench: Compiled) -> None:
    bench.run(deposit("10.00", customer_no="404"))
    assert bench.table("c360_account", "account_key") == ""


def test_everything_works_without_any_source(bench: Compiled) -> None:
    bench.run({})
    for model in bench.sql:
        if not model.startswith(("int_golden__rule", "segment")):
            assert bench.rows(f"from {model}") == [], model
    assert len(bench.rows("from segment")) >= 15
