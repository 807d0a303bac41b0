"""The desk's parts that need no server: comparing, drawing, sealing, replaying, saying."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.decisions import ONE_PARTY, TWO_PARTIES, VERDICTS, PairDecision
from stewardship import api, audit, text
from stewardship.compare import compare, cut, marks_of, state_of
from stewardship.consistency import contradictory_pairs
from stewardship.decisions import effective
from stewardship.fields import ORGANIZATION_FIELDS, PERSON_FIELDS, Field, Masks
from stewardship.inbox import priority_of
from stewardship.middleware import error_body, place_of
from stewardship.payload import Vault, record_place
from stewardship.permissions import ROLES, ROUTES, Actor, Permission
from stewardship.store import Base, Decision
from stewardship.views import band_of
from stewardship.waterfall import waterfall
from warehouse.errors import KeyFileError
from warehouse.policy import load_policy
from warehouse.settings import Settings

ROOM = Path(__file__).parents[2] / "stewardship"


@pytest.mark.parametrize(
    ("kind", "left", "right", "state"),
    [
        ("number", "110105194912310021", "110105194912310021", "same"),
        ("number", "13800138001", "13800138002", "similar"),
        ("number", "13800138001", "13800138010", "similar"),
        ("number", "13800138001", "13911112222", "different"),
        ("number", "13800138001", None, "missing"),
        ("number", "", "13800138001", "missing"),
        ("name", "罗辰香", "罗辰祥", "similar"),
        ("name", "张伟", "章维", "similar"),
        ("name", "张伟", "李娜", "different"),
        ("text", "知春路甲88号", "海淀区知春路甲88号", "similar"),
        ("exact", "M", "F", "different"),
        ("info", "2012-01-01", "2013-01-01", "info"),
    ],
)
def test_state_of_a_field(kind, left, right, state):
    assert state_of(Field("f", "字段", "Field", kind), left, right) == state


def test_a_difference_under_the_stars_is_marked_but_not_shown(settings: Settings):
    clear = [{"document_number": "110105194912310021"}, {"document_number": "110105195012310021"}]
    masked = [Masks(settings).shown("person", "core:1", values) for values in clear]
    (row,) = compare(PERSON_FIELDS, clear, masked)
    pieces = cut(masked[0]["document_number"], row["marks"][0])
    assert [piece for piece, differs in pieces if differs] == ["**"]
    assert "1949" not in str(row) + str(masked)


def test_values_with_nothing_in_common_are_not_marked():
    assert marks_of("13800138001", "E9") == ([], [])


@given(st.text(max_size=30), st.text(max_size=30))
def test_cutting_loses_nothing_and_marks_every_difference(left, right):
    marks_l, marks_r = marks_of(left, right)
    for whole, marks in ((left, marks_l), (right, marks_r)):
        assert "".join(piece for piece, _ in cut(whole, marks)) == whole
    if marks_l or marks_r:
        kept = ["".join(p for p, differs in cut(t, m) if not differs) for t, m in ((left, marks_l), (right, marks_r))]
        assert kept[0] == kept[1]


def test_every_shown_field_is_classified(settings: Settings):
    known = load_policy(settings).attributes
    shown = {field.name for field in (*PERSON_FIELDS, *ORGANIZATION_FIELDS)}
    assert shown <= set(known)


def test_a_column_unknown_to_the_registry_is_shown_as_stars(settings: Settings):
    masks = Masks(settings)
    masks._masks["person"].pop("employer")
    assert masks.shown("person", "core:1", {"employer": "海淀花木栽培有限公司"})["employer"] == "***"


def test_a_source_key_that_is_a_masked_value_is_masked_in_the_record_id(settings: Settings):
    shown = Masks(settings).shown("organization", "registry:91350100M000100Y43", {"uscc": "91350100M000100Y43"})
    assert shown["record_id"] == "registry:**************0Y43"


@given(
    st.lists(st.floats(-20, 20, allow_nan=False), max_size=12),
    st.floats(-30, 30, allow_nan=False),
    st.booleans(),
)
def test_waterfall_stays_on_the_drawing_and_adds_up(weights, total, has_thresholds):
    drawn = waterfall([("x", w) for w in weights], total, ("prior", "total"), (2.0, 7.0) if has_thresholds else None)
    assert sum(bar.weight for bar in drawn.bars[:-1]) == pytest.approx(total, abs=1e-6)
    assert drawn.bars[-1].weight == total
    for bar in drawn.bars:
        assert 0 <= bar.x <= 200
        assert bar.width >= 1
    assert (drawn.link is not None) == has_thresholds


def test_queue_puts_the_uncertain_and_the_valuable_first():
    ordered = sorted([(0.5, 0), (0.5, 900_000), (0.9, 0), (0.99, 900_000)], key=lambda c: -priority_of(*c))
    assert ordered == [(0.5, 900_000), (0.5, 0), (0.99, 900_000), (0.9, 0)]


@pytest.mark.parametrize(
    ("aum", "band"),
    [(0, "none"), (1, "low"), (49_999, "low"), (50_000, "middle"), (200_000, "high"), (500_000, "top")],
)
def test_asset_bands(aum, band):
    assert band_of(aum) == band


def test_a_payload_opens_only_in_its_own_place_with_its_own_key(settings: Settings):
    vault = Vault(settings)
    sealed = vault.seal_values(record_place("p1", 0), {"name": "欧阳晓澜"})
    assert "欧阳" not in sealed.decode("utf-8", "ignore")
    assert vault.open_values(record_place("p1", 0), sealed) == {"name": "欧阳晓澜"}
    with pytest.raises(KeyFileError):
        vault.open_values(record_place("p1", 1), sealed)
    (settings.keys_dir / "warehouse.key").write_text("0" * 64)
    with pytest.raises(KeyFileError):
        Vault(settings).open_values(record_place("p1", 0), sealed)


def test_equal_content_has_an_equal_tag_and_other_content_another(settings: Settings):
    vault = Vault(settings)
    assert vault.tag({"a": "1", "b": "2"}) == vault.tag({"b": "2", "a": "1"}) != vault.tag({"a": "1"})


# --- decisions replayed ---------------------------------------------------------------------------------------------
D1, D2, D3 = (dt.date(2026, 3, day) for day in (2, 3, 4))


def verdict(number: int, pair: str, said: str, seen: dt.date, supersedes: int | None = None) -> Decision:
    left, right = pair
    return Decision(
        decision_id=number, kind="verdict", record_id_l=left, record_id_r=right, verdict=said, seen_as_of=seen,
        supersedes=supersedes,
    )  # fmt: skip


def undo(number: int, of: Decision, seen: dt.date) -> Decision:
    return Decision(
        decision_id=number, kind="undo", record_id_l=of.record_id_l, record_id_r=of.record_id_r, verdict=of.verdict,
        seen_as_of=seen, supersedes=of.decision_id,
    )  # fmt: skip


def test_a_decision_counts_from_the_day_after_the_one_it_was_made_on():
    same = verdict(1, "AB", "same", D1)
    assert effective([same], D1) == []
    assert effective([same], D2) == [same]


def test_an_undo_counts_from_the_day_after_it_was_made():
    same = verdict(1, "AB", "same", D1)
    revoked = undo(2, same, D2)
    assert effective([revoked, same], D2) == [same]
    assert effective([revoked, same], D3) == []


def test_undoing_brings_back_what_had_been_replaced():
    unsure = verdict(1, "AB", "unsure", D1)
    same = verdict(2, "AB", "same", D1, supersedes=1)
    assert effective([unsure, same], D2) == [same]
    assert effective([unsure, same, undo(3, same, D1)], D2) == [unsure]


@given(st.lists(st.tuples(st.sampled_from(["AB", "BC", "AC"]), st.sampled_from(VERDICTS), st.integers(0, 4))))
def test_a_later_decision_never_changes_what_an_earlier_day_was_handed(steps):
    days = sorted(day for _, _, day in steps)
    start = dt.date(2026, 3, 1)
    rows = [
        verdict(number, pair, said, start + dt.timedelta(days=day))
        for number, ((pair, said, _), day) in enumerate(zip(steps, days, strict=True), start=1)
    ]
    for cut_at in range(len(rows)):
        as_of = rows[cut_at].seen_as_of
        assert effective(rows, as_of) == effective([r for r in rows if r.seen_as_of < as_of], as_of)


def test_contradictory_pairs_are_found_through_any_number_of_steps():
    chain = [("A", "B", "same"), ("B", "C", "same"), ("C", "D", "same")]
    assert contradictory_pairs([*chain, ("A", "D", "different"), ("A", "E", "different")]) == [("A", "D")]
    assert contradictory_pairs([*chain, ("A", "E", "different"), ("A", "D", "unsure")]) == []


def test_one_party_kept_apart_is_neither_one_customer_nor_two_parties():
    apart = ("A", "B", "same_apart")
    assert contradictory_pairs([apart, ("B", "C", "same_apart"), ("A", "C", "same")]) == []
    assert contradictory_pairs([apart, ("B", "C", "same"), ("A", "C", "same")]) == [("A", "B")]
    assert contradictory_pairs([apart, ("B", "C", "same"), ("A", "C", "related")]) == [("A", "C")]
    assert contradictory_pairs([("A", "B", "related"), ("B", "C", "related"), ("A", "C", "different")]) == []


PAIRS = st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")).filter(lambda pair: pair[0] < pair[1])


@given(st.dictionaries(PAIRS, st.sampled_from(VERDICTS), max_size=9))
def test_contradictions_are_those_a_graph_library_finds(said: dict[tuple[str, str], str]):
    wrong = set()
    for joining, parting in ((("same",), ("same_apart",)), (ONE_PARTY, TWO_PARTIES)):
        graph = nx.Graph([pair for pair, verdict in said.items() if verdict in joining])
        wrong |= {
            pair for pair, verdict in said.items()
            if verdict in parting and graph.has_node(pair[0]) and graph.has_node(pair[1]) and nx.has_path(graph, *pair)
        }  # fmt: skip
    assert set(contradictory_pairs([(*pair, verdict) for pair, verdict in said.items()])) == wrong


@pytest.mark.parametrize(
    ("said", "effect", "is_match"),
    [
        ("same", "same", True), ("different", "different", False), ("same_apart", "different", True),
        ("related", "different", False), ("unsure", None, None),
    ],
)  # fmt: skip
def test_what_a_verdict_does_and_what_it_says_as_a_label(said, effect, is_match):
    decision = PairDecision(1, "a:1", "b:1", said)
    assert (decision.effect, decision.is_match) == (effect, is_match)


# --- words ----------------------------------------------------------------------------------------------------------
def test_every_text_stands_in_both_languages_with_the_same_places():
    for key, pair in text._catalogue().items():
        assert all(pair), key
        places = [set(re.findall(r"{(\w+)}", part)) for part in pair]
        assert places[0] == places[1], key


def test_every_text_a_page_or_the_code_names_exists():
    sources = [*ROOM.glob("*.py"), *ROOM.glob("templates/*.html")]
    named = {
        key
        for path in sources
        for key in re.findall(
            r"""(?:\bt|say)\((?:\w+, ?|actor\.language, ?|\n\s*)*['"]([a-z_.]+)['"][,)]""", path.read_text()
        )
    }
    assert len(named) > 80
    assert sorted(key for key in named if key not in text._catalogue()) == []


def test_every_code_has_its_name():
    names = text._catalogue()
    wanted = [f"reason.{code}" for code in (*text.REASONS, *text.UNDO_REASONS, *text.REVEAL_REASONS)]
    wanted += [f"role.{role}" for role in ROLES]
    wanted += [f"action.{rule.action}" for rule in ROUTES.values() if rule.action]
    wanted += [f"verdict.button.{kind}.{said}" for kind in ("person", "organization") for said in VERDICTS]
    assert [key for key in wanted if key not in names] == []


def test_reason_keys_are_different_and_every_verdict_has_reasons():
    """Among the reasons offered before a verdict is chosen, and among those of each verdict."""
    reasons = text.REASONS.values()
    first = [reason.key for reason in reasons if not reason.offered_after]
    assert sorted(first) == list("123456789")
    for said in VERDICTS:
        keys = [reason.key for reason in reasons if said in reason.verdicts]
        assert len(set(keys)) == len(keys) >= 2, said


def test_the_api_describes_the_five_verdicts():
    body = api.DecisionBody.model_json_schema()["properties"]["verdict"]
    assert body["enum"] == ["same", "different", "same_apart", "related", "unsure"]


# --- permissions ----------------------------------------------------------------------------------------------------
def test_an_unknown_role_may_do_nothing():
    nobody = Actor("x", "intern", "801000")
    assert [p for p in Permission if nobody.may(p)] == [Permission.PUBLIC]


def test_an_auditor_only_reads():
    assert ROLES["auditor"] & {Permission.DECIDE, Permission.REVEAL, Permission.UNDO, Permission.UNDO_ANY} == set()


def test_a_record_without_a_branch_is_the_head_offices():
    assert Actor("x", "branch_steward", "801000", branches=frozenset({"801000"})).sees(["801000", None]) is False
    assert Actor("x", "head_office_steward", "800001", branches=None).sees(["801000", None]) is True
    assert Actor("x", "branch_steward", "801000").sees(["801000"]) is False


def test_error_shape():
    assert error_body(409, ["a", "b"]) == {"ok": False, "status": 409, "error": "a; b", "errors": ["a", "b"]}


def test_a_defect_is_logged_by_its_place_without_its_message():
    try:
        raise ValueError("13800138001")
    except ValueError as error:
        assert "138" not in place_of(error)
        assert place_of(error).startswith("ValueError at test_stewardship_parts.py:")


def test_no_page_needs_anything_from_elsewhere():
    for path in [*ROOM.glob("templates/*"), *ROOM.glob("static/*")]:
        content = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in content and "https://" not in content and "//cdn" not in content, path
        assert " style=" not in content and "<style" not in content, path
        assert not re.search(r"\son[a-z]+=", content) or path.suffix == ".css", path


def test_the_document_names_every_role_route_action_and_table():
    page = (ROOM.parent / "docs" / "stewardship.md").read_text(encoding="utf-8")
    named = [*ROLES, *audit.ACTIONS, *(route.path for route in api.router.routes), *Base.metadata.tables]
    assert [name for name in named if f"`{name}" not in page and f" {name}" not in page] == []
