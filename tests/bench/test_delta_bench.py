"""A day on which one record in a hundred changed, by the link step on an encrypted warehouse (make bench).

Size by environment: MDM_DELTA_RECORDS=1000000. Seven of ten changed records have another mobile, three are new. The
same day is linked again with a look at everything; what was written must be the same.
"""

from __future__ import annotations

import datetime as dt
import os
import resource
import sys
import time
from pathlib import Path

from matching.link import link
from tests.bench.chinese_people import write
from warehouse import store
from warehouse.settings import Settings

RECORDS = int(os.environ.get("MDM_DELTA_RECORDS", "1000000"))
SEED = 20261130
LIMIT = 3.0  # seconds for one record in a hundred of a million
TABLES = ("party_identity", "identity_event", "match_pair", "match_cluster")

_STANDARDISED = """
create or replace table int_party__record as
select
    record_id, source, record_id as source_key, 'person' as party_type, '801001' as branch_code, name,
    null::varchar as former_name, null::varchar as latin_name,
    if(is_valid, 'resident_id', null) as document_type, if(is_valid, id_no, null) as document_number,
    if(is_valid, 'R:' || id_no, null) as document_key, is_valid as document_is_valid, birth_date,
    if(is_valid, try_strptime(id_no[7:14], '%Y%m%d')::date, null) as birth_date_document,
    if(sex = '男', 'M', 'F') as sex, if(is_valid, if(id_no[17]::int % 2 = 1, 'M', 'F'), null) as sex_document,
    case when place % 143 between 1 and {day} then '199' || lpad((place % 100000000)::varchar, 8, '0')
        when regexp_full_match(mobile, '1[3-9][0-9]{{9}}') and mobile not in ('13800000000', '13888888888') then mobile
    end as mobile,
    null::varchar as mobile_second, null::varchar as phone, email, address, null::varchar as province,
    null::varchar as city, district, nullif(regexp_extract(address, '[区县市](.*)$', 1), '') as address_detail,
    nullif(employer, '') as employer, null::varchar as spouse_name, null::varchar as spouse_document_number,
    null::varchar as uscc, null::varchar as organization_code, null::varchar as registry_number,
    null::varchar as legal_representative_name, null::varchar as org_region, null::varchar as org_core_name,
    null::varchar as org_form, null::varchar as nationality
from (
    select *, row_number() over (order by hash(record_id), record_id) as place,
        coalesce(regexp_full_match(id_no, '[1-8][0-9]{{5}}(19|20)[0-9]{{9}}[0-9X]'), false) as is_valid
    from '{records}'
)
where place <= {known} + {day} * {arriving}
"""


def fill(site: Settings, records: Path, day: int) -> None:
    """The standardised records of a day: some changed, some new."""
    arriving = RECORDS * 3 // 1000
    with store.connect(site) as con:
        con.execute("create or replace table int_party__document (record_id varchar, document_key varchar)")
        con.execute(
            "create or replace table int_party__contact_point (record_id varchar, kind varchar, value varchar,"
            " is_current boolean)"
        )
        sql = _STANDARDISED.format(records=records, day=day, known=RECORDS - 3 * arriving, arriving=arriving)
        con.execute(sql)


def content(site: Settings) -> list[tuple[int, int]]:
    """Rows of each table and a sum of their hashes, which is the same in any order."""
    with store.connect(site, read_only=True) as con:
        sql = "select count(*), sum(hash(t)::hugeint) from {} as t"
        return [con.execute(sql.format(table)).fetchone() or (0, 0) for table in TABLES]


def cpu() -> float:
    """CPU seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(site: Settings, day: dt.date, *, whole: bool = False) -> tuple[float, float]:
    """Wall and CPU seconds of a link step."""
    begin, before = time.perf_counter(), cpu()
    counts = link(site, day, "bench", whole=whole)
    wall, used = time.perf_counter() - begin, cpu() - before
    pairs = counts["person_pairs"]
    sys.stdout.write(f"{day}{' everything' if whole else '':12} {wall:7.2f} s {used:7.2f} CPU s, {pairs:,} pairs\n")
    return wall, used


def test_a_day_on_which_one_record_in_a_hundred_changed(settings: Settings, tmp_path: Path):
    records = settings.landing_dir / "records.parquet"
    records.parent.mkdir(parents=True, exist_ok=True)
    write(RECORDS, "easy", records, SEED)
    days = [dt.date(2026, 3, day) for day in range(2, 6)]
    for number, day in enumerate(days):
        fill(settings, records, number)
        last = timed(settings, day)
    found = content(settings)
    timed(settings, days[-1], whole=True)
    assert content(settings) == found
    assert last[0] <= LIMIT * max(RECORDS / 1_000_000, 1)
