"""The forms of the eight systems, byte by byte, and the movements behind them."""

import gzip
import io
import json
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import python_calamine

from connectors.demo import (
    truth,
    write_call,
    write_card,
    write_counter,
    write_credit,
    write_ebank,
    write_registry,
    write_wealth,
)
from connectors.demo.files import csv
from connectors.demo.lending import loan_state, repayments
from connectors.demo.names import surname_texts
from connectors.demo.organizations import make_organizations
from connectors.demo.places import draw_branches
from tests.demo_bank import BRANCHES, day, population, world


@pytest.fixture(scope="module")
def bank():
    return world(days=1, people=1500, organizations=120)


def test_chinese_fields_are_filled_with_full_width_spaces_and_one_single_byte():
    filled = write_card.field(pa.array(["张三", "张3", None]), 8, is_chinese=True)
    assert [row.tobytes() for row in filled] == [
        "张三".encode("gb18030") + b"\xa1\xa1\xa1\xa1",
        "张3".encode("gb18030") + b"\xa1\xa1\xa1\xa1\x20",
        b"\xa1\xa1" * 4,
    ]


def test_other_fields_are_filled_with_single_bytes():
    assert write_card.field(pa.array(["ab"]), 4, is_chinese=False).tobytes() == b"ab  "


def test_a_long_text_ends_before_the_character_that_would_be_cut():
    assert write_card.fit("张三丰".encode("gb18030"), 5) == "张三".encode("gb18030")
    assert write_card.fit("张䶮".encode("gb18030"), 4) == "张䶮".encode("gb18030")
    assert write_card.fit("a𫖯".encode("gb18030"), 4) == b"a"


def test_card_files_are_as_wide_as_agreed_and_the_control_file_counts_them(bank, tmp_path):
    rows = write_card.write(bank, tmp_path)
    widths = {"CARDHOLDER": 269, "CARD": 70, "STATEMENT": 77}
    control = {}
    for name, width in widths.items():
        content = (tmp_path / f"{name}_20260302.DAT").read_bytes()
        assert len(content) == rows[name] * width
        assert {line[-1:] for line in content.splitlines(keepends=True)} == {b"\n"}
        content.decode("gb18030")
        control[f"{name}_20260302.DAT"] = f"{rows[name]}|{len(content)}"
    lines = (tmp_path / "CARD_20260302.CTL").read_text().splitlines()
    assert dict(line.split("|", 1) for line in lines) == control


def test_no_rows_make_an_empty_file():
    assert write_card.fixed_width({"a": np.array([], dtype=object)}, {"a": 3}) == b""


def test_the_wealth_package_holds_what_its_flag_file_says(bank, tmp_path):
    write_wealth.write(bank, tmp_path)
    flag = dict(line.split("|") for line in (tmp_path / "WMS_01_20260302.tar.gz.OK").read_text().splitlines())
    with tarfile.open(tmp_path / "WMS_01_20260302.tar.gz") as package:
        texts = {entry.name: package.extractfile(entry).read().decode("gb18030") for entry in package}
    assert {name: str(text.count("\n")) for name, text in texts.items()} == flag
    fields = {
        name.rsplit("_", 1)[0]: {line.count("|+|") + 1 for line in text.splitlines()} for name, text in texts.items()
    }
    assert fields == {"CUSTOMER": {11}, "PRODUCT": {6}, "HOLDING": {5}, "RISK_ASSESSMENT": {7}, "DUAL_RECORDING": {6}}


def test_a_package_depends_on_its_content_only():
    first, second = (write_wealth.pack({"A_1.txt": b"x\n"}, 1_000_000) for _ in range(2))
    assert first == second
    with gzip.open(io.BytesIO(first)) as unpacked:
        assert unpacked.read(5) == b"A_1.t"


def test_csv_has_a_mark_a_header_and_quotes_everything():
    table = {"a": np.array(["x", 'say "no"'], dtype=object), "b": np.array([None, "1,2"], dtype=object)}
    assert csv(table).decode("utf-8") == '\ufeff"a","b"\n"x",""\n"say ""no""","1,2"\n'


def test_call_centre_files_open_with_the_mark(bank, tmp_path):
    rows = write_call.write(bank, tmp_path)
    for name, count in rows.items():
        content = (tmp_path / f"{name}_20260302.csv").read_bytes()
        assert content.startswith(b'\xef\xbb\xbf"')
        assert content.count(b"\n") == count + 1


def test_json_lines_are_nested(bank, tmp_path):
    rows = write_ebank.write(bank, tmp_path)
    lines = {name: (tmp_path / f"{name}_20260302.jsonl").read_text("utf-8").splitlines() for name in rows}
    assert {name: len(text) for name, text in lines.items()} == rows
    user, device, event = (json.loads(lines[name][0]) for name in ("users", "devices", "events"))
    assert set(user) == {
        "user_id", "profile", "address", "kyc", "branch_no", "status", "registered_at", "updated_at",
    }  # fmt: skip
    assert set(user["profile"]) == {"real_name", "cert", "mobile", "email", "gender", "birthday"}
    assert set(user["profile"]["cert"]) == {"type", "no"}
    assert set(device) == {"user_id", "device", "bound_at"}
    assert set(event) == {"event_id", "user_id", "type", "time", "device", "net", "detail"}
    assert isinstance(user["kyc"]["face_verified"], bool)


def test_no_rows_make_no_lines(bank, tmp_path):
    nothing = {name: column[:0] for name, column in bank.digital.new_devices.items()}
    shape = "select key as user_id, device from rows"
    assert write_ebank.json_lines(nothing, shape, tmp_path) == b""


def test_the_workbook_has_its_sheets_and_the_day_instead_of_the_hour(bank, tmp_path):
    rows = write_counter.write(bank, tmp_path)
    path = tmp_path / "counter_20260302.xlsx"
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["身份证件更新", "客户信息变更", "签署文件"]
    sheet = book.get_sheet_by_name("身份证件更新").to_python()
    assert sheet[0] == [
        "流水号", "客户号", "姓名", "证件类型", "原证件号码", "新证件号码", "新证件到期日", "办理日期", "机构号",
    ]  # fmt: skip
    assert len(sheet) == rows["identity_renewal"] + 1
    with zipfile.ZipFile(path) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 3, 2, 0, 0, 0)}


def test_registry_types(bank, tmp_path):
    write_registry.write(bank, tmp_path)
    organization = pq.read_table(tmp_path / "organization_20260302.parquet")
    assert str(organization.schema.field("established_dt").type) == "date32[day]"
    shares = pq.read_table(tmp_path / "shareholder_20260302.parquet").to_pandas()
    assert set(shares.groupby("uscc")["share_ratio"].sum().round(6)) == {1.0}
    assert shares.loc[shares.holder_type == "organization", "holder_uscc"].notna().all()


def test_credit_is_replaced_whole(bank, tmp_path):
    first = write_credit.write(bank, tmp_path)
    content = (tmp_path / "credit.sqlite").read_bytes()
    assert write_credit.write(bank, tmp_path) == first
    assert (tmp_path / "credit.sqlite").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["credit.sqlite"]


def test_what_is_repaid_and_what_is_left_make_the_principal(bank):
    today = bank.today
    loans, paid = bank.book.loans, repayments(bank.book.loans, today)
    state = loan_state(loans, today)
    number = dict(zip(loans["loan"], range(len(loans["loan"])), strict=True))
    row = np.array([number[loan] for loan in paid["loan"]])
    assert (paid["due"] <= today).all()
    assert (paid["paid"][~np.isnat(paid["paid"])] <= today).all()
    late = np.isnat(paid["paid"]) & (paid["due"] < today - 3)
    assert set(state["status"][row[late]]) == {"overdue"}
    assert (state["balance"][state["status"] == "settled"] == 0).all()
    assert ((state["overdue_days"] > 0) == (state["status"] == "overdue")).all()


def test_no_applicant_pays_a_loan_that_never_fell_due(bank):
    started = repayments(bank.book.loans, bank.today - np.timedelta64(20_000, "D"))
    assert len(started["loan"]) == 0


def test_home_decides_the_branch():
    people = population()
    west = np.array([text.startswith("湖北省荆门市") for text in people["region"]])
    assert {branch[:3] for branch in people["branch"][west]} == {"802"}
    assert set(people["branch"]) == set(BRANCHES)
    only = draw_branches(np.random.default_rng(1), ["801001"], people["county"])
    assert set(only) == {"801001"}


def test_surnames_are_as_frequent_as_they_are():
    people = population()
    share = np.bincount(people["surname"], minlength=len(surname_texts())) / len(people["surname"])
    top = [surname_texts()[row] for row in np.argsort(-share)[:5]]
    assert set(top) == {"王", "李", "张", "刘", "陈"}
    assert 0.065 < share[0] < 0.095


def test_organization_names_are_unique_over_the_days():
    first = make_organizations(day(), 500, None)
    second = make_organizations(day(1), 500, first)
    names = [*first["name"], *second["name"]]
    assert len(set(names)) > 0.99 * len(names)  # branches of one parent in one place may repeat
    assert len({*first["uscc"], *second["uscc"]}) == 1000


def test_canaries_stand_in_notes_and_are_one_persons_only(bank):
    values = truth.canaries(bank)
    notes = "\n".join(bank.calls.notes["text"])
    assert {kind: len(found) > 5 for kind, found in values.items()} == dict.fromkeys(values, True)
    assert set(values) == {"names", "documents", "mobiles", "cards", "addresses"}
    assert all(value in notes for found in values.values() for value in found)
    names = list(bank.people["name"])
    assert all(names.count(value) == 1 for value in values["names"])


def test_notes_speak_of_people_in_free_text(bank):
    texts = bank.calls.notes["text"]
    assert not any("{" in text for text in texts)
    assert sum("身份证" in text for text in texts) > 10


def test_events_do_not_pile_up_at_midnight(bank):
    seconds = bank.digital.events["time"].astype("datetime64[s]").astype(int) % 86_400
    assert (seconds == 0).mean() < 0.01
