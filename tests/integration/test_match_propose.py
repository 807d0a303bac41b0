"""`mdm match --propose`: what a table's columns are taken for, and the rules that follow from it."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from matching.model import load_model
from matching.proposal import Draft, blocking, strong_identifiers
from matching.propose import propose_model
from matching.recognise import Column
from matching.table_match import match_files
from tests.matching_bench import resident_number, silent
from warehouse.errors import SourceError


def column(name: str, rows: int, alike: float, role: str = "name") -> Column:
    return Column(name, role, "", filled=1.0, distinct=100, alike=alike, rows=rows, han=True)


def chinese_draft(rows: int, alike: dict[str, float]) -> Draft:
    """A draft of name, birth date and home, of which so great a share of pairs is alike."""
    draft = Draft(rows)
    for field, kind, purpose, key in (
        ("name", "person_name", "name", "name_key"),
        ("birth", "date", "birth", "birth_digits"),
        ("address", "address", "home", "address_key"),
    ):
        draft.field(field, [column(field, rows, alike[field])], kind)
        draft.key(purpose, key)
    draft.key("numbers", "address_numbers")
    return draft


def test_a_key_that_chance_shares_too_often_is_used_with_another_only():
    alike = {"name": 2.4e-5, "birth": 5e-5, "address": 2.7e-6}
    lone = [["birth_digits"], ["address_key"], ["name_key"]]
    joint = [["name_key", "birth_digits"], ["name_key", "address_numbers"], ["birth_digits", "address_numbers"]]
    assert blocking(chinese_draft(100_000, alike)) == [*lone, *joint]
    assert blocking(chinese_draft(1_000_000, alike)) == [["address_key"], *joint]  # 25, 1.4 and 12 million pairs alone
    assert blocking(chinese_draft(30_000_000, alike)) == joint


def test_rules_stay_where_nothing_else_would_be_left():
    draft = Draft(1_000_000)
    draft.field("name", [column("name", 1_000_000, 0.01)], "person_name")
    draft.key("name", "name_key")
    assert blocking(draft) == [["name_key"]]


def test_a_value_that_few_may_share_is_never_crowded():
    draft = Draft(1_000_000)
    draft.field("phone", [column("mobile", 1_000_000, 0.4)], "telephone", at_most=15)
    assert not draft.is_crowded(["phone_number"])


def test_a_strong_identifier_asks_only_for_what_is_compared():
    draft = Draft(1_000)
    draft.field("name", [column("name", 1_000, 0.1)], "person_name")
    draft.compare("name", "chinese_name", name="name")
    assert strong_identifiers(draft) == []
    draft.field("document", [column("id", 1_000, 0.1, "document")], "document", at_most=15)
    draft.compare("document", "document", number="document")
    (strong,) = strong_identifiers(draft)
    assert strong["key"] == "document_key" and len(strong["needs"]) == 1
    assert "homophone" in strong["needs"][0]["name"] and "former" not in strong["needs"][0]["name"]
    draft.compare("phone", "telephone", phone="phone")
    draft.compare("address", "chinese_address", address="address")
    assert strong_identifiers(draft)[0]["needs"][1:] == [{"address": ["same", "similar", "numbers"], "phone": ["same"]}]


def holders(rows: int = 300) -> list[list[str]]:
    """A header, people with one record each, and at the end twice two records with one document number."""
    rng = random.Random(21)

    def number() -> str:
        return resident_number(rng, dt.date(rng.randrange(1950, 2000), rng.randrange(1, 13), 15), rng.choice("FM"))

    table = [["客户号", "姓名", "证件号码", "手机", "住址"]]
    for place in range(rows):
        name = "".join(rng.sample("伟强磊洋勇艳杰娟涛明超秀霞平刚桂英华兰红", 3))
        home = f"襄阳市人民路{rng.randrange(900)}号{rng.randrange(99)}室"
        table.append([f"C{place:04d}", name, number(), f"139{rng.randrange(10**8):08d}", home])
    one, other, home = number(), number(), "襄阳市长虹路8号3幢201室"
    for name, document, mobile, address in (
        ("王秀英", one, "13700001111", home), ("王秀荣", one, "13700001111", home),
        ("刘红", other, "13600002222", "襄阳市檀溪路1号"), ("周薇", other, "13600003333", "宜城市南街9号"),
    ):  # fmt: skip
        table.append([f"C{len(table):04d}", name, document, mobile, address])
    return table


def test_a_document_joins_another_name_only_with_more_in_common(tmp_path: Path):
    source, model = tmp_path / "t.csv", tmp_path / "m.yml"
    source.write_text("\n".join(",".join(row) for row in holders()) + "\n", encoding="utf-8")
    propose_model([str(source)], model, None, silent)
    assert [item.rule for item in load_model(model).strong_identifiers] == ["same_document"]
    match_files([str(source)], model, tmp_path / "out", None, silent)
    rows = pq.read_table(tmp_path / "out" / "clusters.parquet").to_pylist()
    home = {row["record_id"]: row["cluster_id"] for row in rows}
    last = sorted(home)[-4:]
    assert [home[one] == home[two] for one, two in pairwise(last)] == [True, False, False]


def test_a_table_with_nothing_to_match_by_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("id,status\n1,open\n2,closed\n3,open\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no column that could tell records apart"):
        propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent)
    (tmp_path / "t.csv").write_text("who\n1\n2\n", encoding="utf-8")
    with pytest.raises(SourceError, match="no column but the truth"):
        propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", "who", silent)


def test_who_is_to_be_called_is_another_person(tmp_path: Path):
    rows = [
        [*row[:4], "".join(random.Random(place).sample("王李张刘陈伟芳娜", 3))] for place, row in enumerate(holders())
    ]
    rows[0][4] = "紧急联系人"
    (tmp_path / "t.csv").write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    told = propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent)
    assert "姓名: used as person_name (field name), 100% filled" in told
    assert "紧急联系人: ignored, of another person" in told
    employed = [[*row, "单位" if place == 0 else f"襄阳{row[1]}有限公司"] for place, row in enumerate(rows)]
    (tmp_path / "t.csv").write_text("\n".join(",".join(row) for row in employed) + "\n", encoding="utf-8")
    assert "紧急联系人: ignored, of another person" in propose_model(
        [str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent
    )


def test_names_in_parts_old_dates_and_small_postcodes_are_recognised(tmp_path):
    rng = random.Random(11)
    rows = [["id", "full_name", "first_name", "surname", "dob", "birth_place", "postcode"]]
    for number in range(120):
        first, last = rng.choice(("thomas", "anne", "william", "mary")), "".join(rng.choices("bcdfgaeiou", k=7))
        day = f"{rng.randrange(1600, 1900)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}"
        place = [rng.choice(("devon", "kent", "york")), f"tq{number // 4} {number % 9}df"]
        rows += [[f"{number}-{copy}", f"{first} {last}, baron", first, last, day, *place] for copy in "ab"]
    (tmp_path / "t.csv").write_text("\n".join(f'"{row[0]}","{row[1]}",{",".join(row[2:])}' for row in rows) + "\n")
    told = propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent)
    assert "full_name: ignored, its parts say it" in told
    assert "dob: used as date (field birth), 100% filled" in told
    assert "birth_place: used as free_text (field place), 100% filled" in told
    assert ["postcode_key"] in [rule.keys for rule in load_model(tmp_path / "m.yml").blocking]
    (tmp_path / "t.csv").write_text("id,mobile_model,number\n" + "\n".join(f"{n},a,{16300101 + n}" for n in range(9)))
    with pytest.raises(SourceError, match="no column that could tell records apart"):  # eight digits are no old date
        propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent)


def test_a_name_of_few_values_and_texts_seldom_there_are_left_alone(tmp_path):
    rng = random.Random(12)
    rows = ["id,site,programme name,remark,phone"]
    for number in range(100):
        site = f"{rng.choice(('north', 'south', 'east'))} {''.join(rng.choices('bcdfgaeiou', k=8))} centre"
        remark = f"seen by {''.join(rng.choices('bcdfgaeiou', k=5))} in spring" if number % 4 == 0 else ""
        programme = rng.choice(("jane smith", "mary young"))
        rows += [f"{number}{copy},{site},{programme},{remark},{200_000 + number}" for copy in "ab"]
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    told = propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent)
    assert "programme name: ignored, tells no records apart" in told
    assert "remark: ignored, seldom filled" in told
    assert [c.comparison for c in load_model(tmp_path / "m.yml").comparisons] == ["phone", "text"]


def organization_code(rng: random.Random) -> str:
    """Eight digits and the check character of GB 11714."""
    body = [rng.randrange(10) for _ in range(8)]
    rest = sum(digit * weight for digit, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return "".join(map(str, body)) + "0X987654321"[rest]


def credit_code(code: str) -> str:
    """A unified social credit code (GB 32100) around an organization code."""
    body, alphabet = f"91420600{code}", "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(sign) * 3**place for place, sign in enumerate(body))
    return body + alphabet[-total % 31]


def companies(number: int = 250) -> list[list[str]]:
    """A header, and each company in two spellings; of the second record every other lacks its credit code.

    The last four are a parent and its branch: one person speaks for both, at one address, with two codes.
    """
    rng = random.Random(8)
    rows = [["企业编号", "企业名称", "统一社会信用代码", "组织机构代码", "法定代表人", "注册地址", "真值"]]
    for place in range(number):
        word, trade = (
            "".join(rng.sample("宏达恒瑞中金天宇万盛世泰科信诺博远创凯通", 3)),
            rng.choice(("贸易", "商贸", "建材")),
        )
        speaker, home = "".join(rng.sample("王李张刘陈伟芳娜军丽", 3)), f"襄阳市长虹路{rng.randrange(900)}号"
        code = organization_code(rng)
        first = [f"襄阳市{word}{trade}有限公司", credit_code(code), code, speaker, home]
        second = [f"{word}（襄阳）{trade}有限公司", credit_code(code) if place % 2 else "", code, speaker, home]
        rows += [[f"E{len(rows) + copy:04d}", *row, str(place)] for copy, row in enumerate((first, second))]
    for place, branch in ((number, ""), (number + 1, "樊城分公司")):
        code = organization_code(rng)
        for _ in range(2):
            row = [f"襄阳市鼎鑫商贸有限公司{branch}", credit_code(code), code, "赵立新", "襄阳市汉江路1号", str(place)]
            rows.append([f"E{len(rows):04d}", *row])
    return rows


def test_companies_are_told_by_their_codes_and_not_by_who_speaks_for_them(tmp_path: Path):
    source, model = tmp_path / "t.csv", tmp_path / "m.yml"
    source.write_text("\n".join(",".join(row) for row in companies()) + "\n", encoding="utf-8")
    told = propose_model([str(source)], model, "真值", silent)
    assert told == [
        "企业编号: names the record",
        "企业名称: used as company (field company), 100% filled",
        "统一社会信用代码: used as uscc (field uscc), 75% filled",
        "组织机构代码: used as uscc (field organization_code), 100% filled",
        "法定代表人: used as person_name (field representative), 100% filled",
        "注册地址: used as address (field address), 100% filled",
    ]
    proposed = load_model(model)
    assert [item.value for item in proposed.exclusive] == ["uscc_code", "organization_code_code"]
    assert proposed.guards == [] and proposed.strong_identifiers == []
    rates = match_files([str(source)], model, tmp_path / "out", "真值", silent).rates
    assert rates is not None and rates["precision"] == 1 and rates["recall"] == 1


def test_headers_tell_numbers_and_speakers_where_values_leave_it_open(tmp_path: Path):
    rng = random.Random(9)
    rows = ["company id,company name,organization code,registration number,legal representative"]
    for number in range(200):
        name = "".join(rng.choices("bcdfgaeiou", k=8))
        rows.append(
            f"{number},{name} ltd,X{number // 2 * 7},{4200 + number // 2},{rng.choice(('jane smith', 'mary young'))}"
        )
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    told = propose_model([str(tmp_path / "t.csv")], tmp_path / "m.yml", None, silent)
    assert told == [
        "company id: names the record",
        "company name: used as company (field company), 100% filled",
        "organization code: used as code (field number), 100% filled",
        "registration number: used as code (field number_2), 100% filled",
        "legal representative: used as latin_name (field representative), 100% filled",
    ]
    assert load_model(tmp_path / "m.yml").exclusive == []
