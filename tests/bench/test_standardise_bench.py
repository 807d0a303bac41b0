"""How right and how fast addresses, resident numbers and whole party records are standardised (make bench)."""

from __future__ import annotations

import gzip
import os
import random
import re
import resource
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from tests.standardise import address_models, build, connect, region_models, seed, sql

CORPUS = "MDM_ADDRESS_CORPUS"
NATIONALITY = r"(?:[㐀-鿿]{1,3}族|蒙古|哈萨克|锡伯|塔吉克|鄂伦春|柯尔克孜)"
Labelled = tuple[str, list[tuple[str, str]]]


def _blocks(path: Path) -> Iterator[list[str]]:
    block: list[str] = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in map(str.rstrip, lines):
            if line:
                block.append(line)
            elif block:
                yield block
                block = []
    if block:
        yield block


def _labelled(block: list[str]) -> Labelled:
    """An address of an annotated corpus (one token and its B-/I- label per line) and its parts as (label, text)."""
    parts: list[tuple[str, str]] = []
    for token, tag in (line.rsplit(" ", 1) for line in block):
        begins, _, label = tag.partition("-")
        if begins == "I" and parts and parts[-1][0] == label:
            parts[-1] = (label, parts[-1][1] + token)
        else:
            parts.append((label, token))
    return "".join(text for _, text in parts), parts


def _is_named(stated: str, official: str | None) -> bool:
    """Whether a stated district is this official name, or what is left of it without 区, 县, 市 or nationalities."""
    found = re.match(rf"^(.{{2,}}?)(?:{NATIONALITY}*自治([县旗])|新区|区|县|市)$", official or "")
    short = {found[1], found[1] + (found[2] or "")} if found else set()
    return stated in {official} | short


def _figures(corpus: list[Labelled], read: dict[str, tuple[str | None, ...]]) -> tuple[float, float]:
    """Share of stated districts that were read, and share of addresses without any region that got one."""
    stated = right = free = invented = 0
    for text, parts in corpus:
        province, city, district, written = read[text]
        districts = [part for label, part in parts if label == "district"]
        if districts:
            stated += 1
            right += any(_is_named(part, written) for part in districts)
        elif not any(label in ("prov", "city") for label, _ in parts):
            free += 1
            invented += any((province, city, district, written))
    return right / stated, invented / free


def _report(text: str) -> None:
    sys.stdout.write(f"\n{text}")


@pytest.mark.skipif(CORPUS not in os.environ, reason=f"{CORPUS} names no annotated corpus (…/train.txt.gz)")
def test_addresses_of_an_annotated_corpus():
    corpus = [_labelled(block) for block in _blocks(Path(os.environ[CORPUS]))]
    random.Random(20261122).shuffle(corpus)
    with connect() as con:
        address_models(con, [text for text, _ in corpus])
        columns = "address_raw, province, city, district, district_written"
        rows = con.execute(f"select {columns} from int_address__standardised").fetchall()
    read = {row[0]: row[1:] for row in rows}
    middle = len(corpus) // 2
    for name, part in {"all": corpus, "first half": corpus[:middle], "second half": corpus[middle:]}.items():
        right, invented = _figures(part, read)
        _report(f"{name}: {len(part):,} addresses, district correct {right:.4f}, invented region {invented:.4f}")
    right, invented = _figures(corpus, read)
    assert right >= 0.95
    assert invented <= 0.02


ADDRESS = """concat(
    (['浙江省杭州市西湖区', '湖北襄樊樊城', '北京海淀', '四川省达县', '义乌市江东街道', '', '江苏省苏州市吴江市',
      '广东省深圳市龙岗区', '西湖区', '云南省文山州砚山县'])[i % 10 + 1],
    (['长虹路', '中关村大街', '双河镇三桥村', '人民东路', '解放街道文三路'])[i % 5 + 1],
    i % 9973, '号阳光小区', i % 89, '幢', i % 5 + 1, '单元', i % 600, (['', '室', '（老）'])[i % 3 + 1]
)"""


def _addresses(con: duckdb.DuckDBPyConnection, rows: int) -> float:
    con.execute(
        f"create or replace table int_party__source_record as select {ADDRESS} as address from range({rows}) t(i)"
    )
    return _seconds(lambda: build(con, "int_address__written", "int_address__located", "int_address__standardised"))


def _seconds(run: Callable[[], object]) -> float:
    """Processor seconds of this process, all threads: wall time says little on a shared machine."""
    begin = resource.getrusage(resource.RUSAGE_SELF)
    run()
    end = resource.getrusage(resource.RUSAGE_SELF)
    return end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime


def test_addresses_a_second():
    with connect() as con:
        con.execute("set threads = 2")
        address_models(con, [])
        few, many = _addresses(con, 250_000), _addresses(con, 1_000_000)
        distinct = con.execute("select count(*) from int_address__standardised").fetchone()[0]
    _report(f"{distinct:,} addresses: {many:.1f} CPU s, {distinct / many:,.0f} a CPU second; a quarter {few:.1f}")
    assert distinct / many >= 30_000
    assert many < 6 * few


def _numbers(con: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Resident numbers of every region and day, one in eleven with the right check character."""
    con.execute(
        f"""create or replace table number as
            select concat((select list(code) from ref_region_code)[i % 7297 + 1],
                          strftime(date '1940-01-01' + (i % 29000)::integer, '%Y%m%d'),
                          lpad((i % 1000)::varchar, 3, '0'), (i % 10)::varchar) as value
            from range({rows}) t(i)"""
    )


def _check_numbers(con: duckdb.DuckDBPyConnection) -> float:
    valid = f"{sql('resident_id_check_holds', 'value')} and {sql('resident_id_birth_date', 'value')} is not null"
    query = f"""select {valid} as is_valid, ref_region_code.code is null as is_unknown
                from number left join ref_region_code on substr(value, 1, 6) = ref_region_code.code"""
    return _seconds(lambda: con.execute(f"create or replace table judged as {query}"))


def test_resident_numbers_a_second():
    with connect() as con:
        con.execute("set threads = 2")
        seed(con, "ref_region_code")
        _numbers(con, 2_000_000)
        few = _check_numbers(con)
        _numbers(con, 8_000_000)
        many = _check_numbers(con)
        assert con.execute("select count(*) from judged where is_unknown").fetchone() == (0,)
    _report(f"8,000,000 resident numbers: {many:.1f} CPU s, {8_000_000 / many:,.0f} a CPU second; a quarter {few:.1f}")
    assert 2 * 8_000_000 / many >= 1_000_000, "two threads check a million a second"
    assert many < 6 * few


SURNAMES, GIVEN = (
    "王李张刘陈杨黄赵吴周徐孙朱马胡郭何高林罗",
    "伟强磊洋勇艳杰娟涛明超秀霞平刚桂英华兰红玲建文利国志海丽静敏",
)
PARTY = f"""select
    concat('core:', i) as record_id, 'core' as source, i::varchar as source_key,
    case when i % 20 = 0 then 'organization' else 'person' end as party_type, (i % 40)::varchar as branch_code,
    case when i % 20 = 0
        then concat((['湖北','襄阳市','(上海)','浙江省杭州市',''])[i % 5 + 1],
            '{GIVEN}'[i % 30 + 1], '{GIVEN}'[i % 29 + 1], (['食品','网络科技','粮油',''])[i % 4 + 1],
            (['有限公司','股份有限公司','经营部'])[i % 3 + 1])
        else concat('{SURNAMES}'[i % 20 + 1], '{GIVEN}'[i % 30 + 1], '{GIVEN}'[i % 29 + 1],
            (['','','','先生','（小）','-养老',''])[i % 7 + 1]) end as name,
    cast(null as varchar) as former_name, cast(null as varchar) as latin_name,
    case when i % 20 = 0 then 'uscc' else 'resident_id' end as document_type,
    case when i % 20 = 0 then concat('91420100M000', lpad((i % 10000)::varchar, 4, '0'), 'Y4')
        else concat(110101 + i % 9, strftime(date '1940-01-01' + (i % 29000)::integer, '%Y%m%d'),
            lpad((i % 1000)::varchar, 3, '0'), i % 10) end as document_number,
    date '2036-03-02' as document_expiry, date '1940-01-01' + (i % 29000)::integer as birth_date, 'M' as sex,
    'CHN' as nationality, concat('+86 138', lpad((i % 100000000)::varchar, 8, '0')) as mobile,
    cast(null as varchar) as mobile_second, concat('0710-', 2000000 + i % 900000) as phone,
    concat('c', i, '@163.com') as email, {ADDRESS} as address, '汇泰食品' as employer, '个体' as occupation,
    cast(null as varchar) as spouse_name, cast(null as varchar) as spouse_document_number,
    cast(null as varchar) as registry_number, cast(null as varchar) as legal_representative_name,
    cast(null as varchar) as industry,
    true as is_verified, date '2020-01-01' as opened_date, timestamp '2026-03-01 10:00:00' as updated_at"""
RENEWAL = """source varchar, renewal_key varchar, record_id varchar, document_type varchar, old_document_number varchar,
    new_document_number varchar, new_expiry date, handled_date date"""
STANDARDISING = (
    "int_address__written", "int_address__located", "int_address__standardised", "int_party__person_name",
    "int_party__organization_name", "int_party__document_claim", "int_party__document_written",
    "int_party__document_standardised", "int_party__contact_standardised", "int_party__record",
)  # fmt: skip


def _parties(con: duckdb.DuckDBPyConnection, rows: int) -> float:
    con.execute(f"create or replace table int_party__source_record as {PARTY} from range({rows}) t(i)")
    return _seconds(lambda: build(con, *STANDARDISING))


def test_a_million_party_records_within_a_minute_on_two_cores():
    with connect() as con:
        con.execute("set threads = 2")
        con.execute("set memory_limit = '2GB'")
        region_models(con)
        seed(con, "ref_region_code")
        con.execute(f"create table contract_document_renewal ({RENEWAL})")
        con.execute("create table contract_contact_change (kind varchar, old_value varchar, new_value varchar)")
        con.execute(
            "create table source_status as select date '2026-03-02' as as_of, 'core' as source, as_of as data_as_of"
        )
        few, many = _parties(con, 250_000), _parties(con, 1_000_000)
        assert con.execute("select count(*) from int_party__record").fetchone() == (1_000_000,)
    _report(f"1,000,000 party records: {many:.1f} CPU s on 2 threads; a quarter {few:.1f}")
    assert many < 120
    assert many < 6 * few
