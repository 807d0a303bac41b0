"""The masking step: notes once and only once, columns by the real dbt models, the leak scan as a gate."""

import datetime as dt

import pytest

from masking.leakscan import scan
from masking.notes import mask_notes
from tests import masking_bench as bench
from tests.masking_bench import DAY, RUN, built_site, copy_of, fill, tables
from warehouse import store
from warehouse.errors import GateError
from warehouse.settings import Settings

NEXT_DAY, NEXT_RUN = DAY + dt.timedelta(days=1), "run-2026-03-03"
CLEAR = (bench.NAME, bench.OTHER, bench.DOTTED, bench.DOCUMENT, bench.MOBILE, bench.CARD, bench.DETAIL)


def notes(settings: Settings) -> dict[tuple[str, dt.date], str]:
    with store.connect(settings, read_only=True) as con:
        rows = con.execute("select interaction_id, as_of, masked_text from masked_note").fetchall()
    return {(note.removeprefix("call:note:"), as_of): text for note, as_of, text in rows}


def add_note(settings: Settings, note_id: str, text: str) -> None:
    with store.connect(settings) as con:
        con.execute("delete from contract_interaction where interaction_key = ?", [f"note:{note_id}"])
        row = [f"note:{note_id}", text]
        con.execute("insert into contract_interaction values ('call', ?, 'call:C2', ?)", row)


@pytest.fixture
def filled(settings):
    fill(settings, tables())
    return settings


def test_a_note_is_masked_with_what_the_bank_knows_of_its_customer(filled):
    assert mask_notes(filled, DAY, RUN) == {"notes_masked": 1, "values_masked": 5}
    text = notes(filled)["N1", DAY]
    assert text.startswith("客户**明来电，身份证110105********002X，手机138****5678，")
    assert text.endswith("，卡号622848*********0018，家住北京市海淀区********。")


def test_a_rerun_masks_nothing_again_and_the_next_day_only_what_is_new(filled):
    mask_notes(filled, DAY, RUN)
    assert mask_notes(filled, DAY, RUN)["notes_masked"] == 0
    add_note(filled, "N2", f"{bench.OTHER}来电")
    assert mask_notes(filled, NEXT_DAY, NEXT_RUN)["notes_masked"] == 1
    assert set(notes(filled)) == {("N1", DAY), ("N2", NEXT_DAY)}


def test_a_note_delivered_again_with_another_text_is_masked_again(filled):
    mask_notes(filled, DAY, RUN)
    add_note(filled, "N1", f"更正：{bench.NAME}未来电")
    assert mask_notes(filled, NEXT_DAY, NEXT_RUN)["notes_masked"] == 1
    assert notes(filled)["N1", NEXT_DAY] == "更正：**明未来电"


def test_an_old_note_is_masked_again_when_a_name_in_it_becomes_known(filled):
    add_note(filled, "N2", "转达给达瓦次仁了")
    mask_notes(filled, DAY, RUN)
    with store.connect(filled) as con:
        con.execute("update golden_person set name = '达瓦次仁' where golden_id = 'G0000000002'")
    assert mask_notes(filled, NEXT_DAY, NEXT_RUN)["notes_masked"] == 1
    found = notes(filled)
    assert found["N2", DAY] == "转达给达瓦次仁了"  # what the earlier day published stays as it was
    assert found["N2", NEXT_DAY] == "转达给***仁了"


def test_notes_without_a_known_customer_are_masked_too(filled):
    with store.connect(filled) as con:
        con.execute(
            "insert into contract_interaction values ('call', 'note:N3', 'call:unknown', '手机13812345678，客户赵晓东')"
        )
    mask_notes(filled, DAY, RUN)
    assert notes(filled)["N3", DAY] == "手机138****5678，客户**东"


@pytest.fixture(scope="module")
def built(site_factory):
    """A site with the published models built by dbt."""
    return built_site(site_factory)


def everything(settings: Settings) -> str:
    with store.connect(settings, read_only=True) as con:
        names = con.execute("select table_name from information_schema.tables where table_name like 'published_%'")
        return "\n".join(str(con.execute(f"select * from {name}").fetchall()) for (name,) in names.fetchall())


def test_no_clear_value_is_in_the_published_models(built):
    text = everything(built)
    assert "**明" in text
    assert [value for value in CLEAR if value in text] == []


def test_published_models_show_the_forms_of_the_policy(built):
    with store.connect(built, read_only=True) as con:
        row = con.execute(
            "select name, document_number, mobile, phone, email, address, employer, birth_decade, "
            "document_expiry_year, as_of, run_id from published_customer where golden_id = 'G0000000001'"
        ).fetchone()
        organization = con.execute(
            "select name, document_type, document_number, legal_representative_name, mobile from published_customer "
            "where party_type = 'organization'"
        ).fetchone()
        account = con.execute("select account_id, account_number from published_account").fetchone()
    assert row == (
        "**明", "110105********002X", "138****5678", "010-****6666", "w***@163.com", "北京市海淀区********",
        "示范**有限公司", "1940s", "2031", DAY, RUN,
    )  # fmt: skip
    assert organization == ("杭州****有限公司", "uscc", "**************0Y43", "*红", None)
    assert account[1] == "6217***********8907"
    assert account[0].isalpha()


def test_the_scan_passes_what_is_masked(built):
    assert scan(built, DAY, RUN)["columns_scanned"] > 40


LEAKS = [
    ("published_customer", "name", "'张三丰'", "unmasked values"),
    ("published_customer", "occupation", f"'{bench.DOCUMENT}'", "resident id numbers"),
    ("published_customer", "occupation", "'电话 139-8765-4321'", "mobile numbers"),
    ("published_interaction", "note", f"'卡号{bench.CARD}'", "card numbers"),
    ("published_interaction", "note", f"'客户{bench.NAME}来电'", "names of golden customers"),
    ("published_interaction", "note", "'护照E12345678'", "document numbers of golden customers"),
    ("published_customer", "industry", f"'{bench.DOTTED}'", "clear values of golden customers"),
]


@pytest.mark.parametrize(("table", "column", "value", "words"), LEAKS)
def test_a_leak_stops_the_run_and_is_told_without_its_value(built, tmp_path, table, column, value, words):
    site = copy_of(built, tmp_path)
    with store.connect(site) as con:
        con.execute(f"update {table} set {column} = {value}")
    with pytest.raises(GateError) as refusal:
        scan(site, DAY, RUN)
    place = f"{table.removeprefix('published_')}.{column}"
    assert any(place in problem and words in problem for problem in refusal.value.problems)
    assert value.strip("'") not in str(refusal.value)
