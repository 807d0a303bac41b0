"""Relations between customers: how the related party is found, and that a relation never changes who is who."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import pytest

from tests.golden_bench import Compiled, Rows, fresh_bench, parse_table, people

PEOPLE = """
    record_id | golden_id | party_type   | name     | mobile      | address_detail | address    | spouse_name | employer
    core:1    | G1        | person       | 张伟     | 13800138001 | 人民路1号      | 人民路1号  | 李红        |
    core:2    | G2        | person       | 李红     | 13800138002 | 人民路1号      | 人民路1号  |             |
    core:3    | G3        | person       | 李红     | 13800138003 | 中山路9号      | 中山路9号  |             |
    core:4    | G4        | person       | 王强     | 13800138004 |                |            |             | 宏达公司
    core:5    | G5        | person       | 王强     | 13800138005 |                |            |             |
    reg:6     | G6        | organization | 宏达公司 |             |                |            |             |
    card:1    | G1        | person       | 张伟     | 13800138001 |                |            |             |
"""
DOCUMENTS = "record_id | document_key\ncore:2 | R:2\ncore:3 | R:3\ncore:5 | R:5\ncore:4 | R:5"


@pytest.fixture(scope="module")
def bench() -> Iterator[Compiled]:
    yield from fresh_bench()


def tables(stated: str = "", decided: str = "") -> dict[str, Rows]:
    given = people(PEOPLE) | {"int_party__document": parse_table(DOCUMENTS)}
    heads = {"int_relation__stated": stated, "steward_decision": decided}
    return given | {name: parse_table(text) for name, text in heads.items() if text}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("core:1 | spouse    |        | 李红 | R:2 |            ", ("G2", "document", "resolved")),
        ("core:1 | spouse    | core:3 |      | R:2 |            ", ("G3", "record", "resolved")),
        ("core:1 | spouse    |        | 李红 |     |            ", ("G2", "name_and_address", "resolved")),
        ("core:1 | spouse    |        | 李红 | R:3 |            ", ("G3", "document", "resolved")),
        ("core:1 | spouse    |        | 李红 | R:9 |            ", (None, None, "no_customer")),
        ("core:2 | guarantor |        | 王强 |     |            ", (None, None, "name_only")),
        ("core:2 | guarantor |        | 王强 |     | 13800138005", ("G5", "name_and_mobile", "resolved")),
        ("core:2 | guarantor |        | 王强 | R:5 |            ", (None, "document", "several_customers")),
        ("core:1 | guarantor | card:1 |      |     |            ", (None, "record", "same_customer")),
        ("core:1 | guarantor |        | 赵六 |     | 13800138005", (None, None, "no_customer")),
        ("core:9 | guarantor | core:1 |      |     |            ", (None, "record", "unknown_record")),
        ("reg:6  | legal_representative | | 王强 |  |           ", ("G4", "name_and_employer", "resolved")),
    ],
)
def test_who_the_related_party_is(bench: Compiled, statement: str, expected: tuple[str | None, ...]):
    head = "record_id | relation_type | related_record_id | related_name | related_document_key | related_mobile"
    rows = parse_table(f"{head}\n{statement}")
    bench.run(tables() | {"int_relation__stated": [{"relation_key": "k", "source": "core", **rows[0]}]})
    (found,) = bench.rows("select related_golden_id, evidence, reason from int_relation__candidate")
    assert tuple(found.values()) == expected


STATED = """
    relation_key | source | record_id | relation_type    | related_record_id | share_ratio | since
    a            | core   | core:1    | spouse           | core:2            |       |
    b            | credit | core:3    | guarantor        | core:1            |       | 2024-01-01
    c            | reg    | reg:6     | beneficial_owner | core:4            | 0.40  |
"""
DECIDED = """
    decision_id | record_id_l | record_id_r | verdict    | reason        | decided_at
    1           | core:2      | core:3      | same_apart | staff_profile | 2026-03-01
    2           | core:4      | core:5      | related    | household     | 2026-03-01
    3           | core:1      | core:5      | related    | related       | 2026-03-01
    4           | core:1      | core:4      | different  | namesake      | 2026-03-01
    5           | card:1      | core:1      | related    | spouse        | 2026-03-01
"""


def test_edges_of_sources_and_stewards_with_their_direction(bench: Compiled):
    bench.run(tables(STATED, DECIDED))
    columns = "golden_id, related_golden_id, relation_type, origin, evidence"
    assert bench.table("customer_relation", columns).splitlines() == [
        "G1 | G2 | spouse | stated | record",
        "G1 | G5 | other | steward | decision",
        "G2 | G1 | spouse | stated | record",
        "G2 | G3 | same_party | steward | decision",
        "G3 | G1 | guarantor | stated | record",
        "G3 | G2 | same_party | steward | decision",
        "G4 | G5 | household | steward | decision",
        "G5 | G1 | other | steward | decision",
        "G5 | G4 | household | steward | decision",
        "G6 | G4 | beneficial_owner | stated | record",
    ]


def test_several_statements_of_one_relation_are_one_edge(bench: Compiled):
    twice = STATED + "    d | card | card:1 | spouse | core:2 | |\n"
    bench.run(tables(twice))
    found = bench.rows("select statement_count, source from customer_relation where golden_id = 'G1'")
    assert found == [{"statement_count": 2, "source": "card"}]


def test_households_are_the_components_a_graph_library_finds(bench: Compiled):
    more = STATED + "    d | core | core:2 | household | core:3 | |\n    e | core | core:3 | spouse | core:4 | |\n"
    bench.run(tables(more))
    strong = bench.rows("select * from customer_relation where relation_type in ('spouse', 'household')")
    graph = nx.Graph([(row["golden_id"], row["related_golden_id"]) for row in strong])
    expected = {frozenset(part) for part in nx.connected_components(graph)}
    homes: dict[str, set[str]] = {}
    for row in bench.rows("select * from customer_household"):
        homes.setdefault(row["household_id"], set()).add(row["golden_id"])
    assert {frozenset(part) for part in homes.values()} == expected == {frozenset({"G1", "G2", "G3", "G4"})}
    assert set(homes) == {"H1"}


@pytest.mark.parametrize(("mobile", "members"), [("13800138002", 0), ("", 2)])
def test_a_name_with_a_mobile_makes_no_household(bench: Compiled, mobile: str, members: int):
    """With the mobile the evidence is weak; without it name and address agree, which is strong."""
    statement = {"relation_key": "k", "source": "core", "record_id": "core:1", "relation_type": "spouse",
                 "related_name": "李红", "related_mobile": mobile or None}  # fmt: skip
    bench.run(tables() | {"int_relation__stated": [statement]})
    assert len(bench.rows("select * from customer_household")) == members
    assert len(bench.rows("select * from customer_relation")) == 2


def test_identities_and_golden_records_are_the_same_with_and_without_relations(bench: Compiled):
    def content() -> list[str]:
        names = ("int_party__identity", "golden_person", "golden_organization", "golden_xref", "golden_provenance")
        return [str(bench.rows(f"select * from {name} order by all")) for name in names]

    bench.run(tables())
    before = content()
    assert bench.rows("select * from customer_relation") == []
    bench.run(tables(STATED, DECIDED))
    assert content() == before
