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

from tests.standardise import address_models, build, connect

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
