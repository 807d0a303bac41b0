"""The notes of customer contacts, masked once and kept.

A note is masked again only when its text, the rules or the registry change, or when a name in it becomes known with a
later customer. Every masking is a row of its own day, so that an earlier day can be published again as it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa

from masking.text import Known, TextMasker, entity_masks
from warehouse import store
from warehouse.keys import derive_key
from warehouse.policy import Policy, load_policy
from warehouse.settings import Settings

# the modules that decide how a note is masked
_RULES = ("checks", "fields", "notes", "person_names", "recognizers", "surnames", "text")
_TABLES = """
create table if not exists masked_note (
    interaction_id varchar not null, as_of date not null, note_hash varchar not null, rule_version varchar not null,
    masked_text varchar not null, entity_counts varchar not null, primary key (interaction_id, as_of)
);
create table if not exists known_name (name varchar primary key, since date not null);
create table if not exists token_key (key varchar not null);
"""
# Whole names only: with a lost character (`?`) or in Latin letters a name cannot be looked up in Chinese text.
_NAMES = r"""
create or replace temp table name_today as
select distinct name
from (
    select unnest([name, former_name, spouse_name, legal_representative_name]) as name
    from int_party__record where party_type = 'person'
    union all
    select legal_representative_name from int_party__record where party_type = 'organization'
    union all
    select unnest([name, former_name, spouse_name]) from golden_person
)
where regexp_full_match(name, '[\p{Han}〇·]{2,30}')
"""
_PENDING = """
create or replace temp table pending_note as
with latest as (
    select * from masked_note where as_of <= $as_of
    qualify row_number() over (partition by interaction_id order by as_of desc) = 1
),
note as (
    select source || ':' || interaction_key as interaction_id, record_id, note_text from contract_interaction
)
select note.interaction_id, any_value(note.record_id) as record_id, any_value(note.note_text) as note_text
from note
left join latest on latest.interaction_id = note.interaction_id
where note.note_text is not null
    and (
        latest.interaction_id is null or latest.note_hash <> md5(note.note_text) or latest.rule_version <> $rule_version
        or exists (select 1 from new_name where contains(latest.masked_text, new_name.name))
    )
group by note.interaction_id
"""
_WITH_KNOWN = """
with own as (
    select pending.interaction_id, records.name, records.former_name, records.latin_name, records.spouse_name,
        records.address_detail
    from pending_note as pending
    inner join golden_xref as contact on contact.record_id = pending.record_id
    inner join golden_xref as xref on xref.golden_id = contact.golden_id
    inner join int_party__record as records on records.record_id = xref.record_id
),
known as (
    select interaction_id, list(name) || list(former_name) || list(latin_name) || list(spouse_name) as names,
        list(address_detail) as details
    from own group by interaction_id
)
select interaction_id, note_text, coalesce(names, []), coalesce(details, [])
from pending_note left join known using (interaction_id)
order by interaction_id
"""

_REMEMBER_NAMES = "insert into known_name select name, $as_of from name_today on conflict do nothing"
_INSERT = """
insert or replace into masked_note
select interaction_id, $as_of, md5(note_text), $version, masked_text, entity_counts from done
"""


def mask_notes(settings: Settings, as_of: dt.date, run_id: str) -> dict[str, int]:
    """Mask the notes that need it, and write the key of the tokens for the published models.

    Returns:
        Counts of notes masked in this run, and of finds in them.
    """
    policy = load_policy(settings)
    with store.connect(settings) as con:
        con.execute(_TABLES)
        con.execute("begin")
        _write_token_key(con, derive_key(settings, "token").hex())
        version = rule_version(policy)
        _select_pending(con, as_of, version)
        rows = con.execute(_WITH_KNOWN).fetchall()
        counts = _mask_all(con, policy, rows, as_of, version)
        con.execute(
            "insert into known_name select name, $as_of from name_today on conflict do nothing", {"as_of": as_of}
        )
        con.execute("commit")
    return {"notes_masked": len(rows), "values_masked": counts.total()}


def rule_version(policy: Policy) -> str:
    """Version of everything that decides how a note is masked: this room's code and the registry's masks."""
    digest = hashlib.sha256(json.dumps(entity_masks(policy), sort_keys=True).encode())
    for path in sorted(Path(__file__).with_name(f"{name}.py") for name in _RULES):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _write_token_key(con: duckdb.DuckDBPyConnection, key: str) -> None:
    con.execute("delete from token_key")
    con.execute("insert into token_key values ($key)", {"key": key})


def _select_pending(con: duckdb.DuckDBPyConnection, as_of: dt.date, version: str) -> None:
    con.execute(_NAMES)
    con.execute(
        "create or replace temp table new_name as select name from name_today where length(name) >= 3 "
        "and name not in (select name from known_name where since <= $as_of)",
        {"as_of": as_of},
    )
    con.execute(_PENDING, {"as_of": as_of, "rule_version": version})


def _regions(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Names of all regions, also without their last character, as people say them."""
    rows = con.execute("select distinct unnest([province, city, district]) from ref_region").fetchall()
    full = {name for (name,) in rows if name}
    return full | {name[:-1] for name in full if len(name) > 2}


def _mask_all(
    con: duckdb.DuckDBPyConnection, policy: Policy, rows: list[tuple[str, ...]], as_of: dt.date, version: str
) -> Counter[str]:
    """Mask and store; the dictionaries are only loaded when there is something to mask."""
    total: Counter[str] = Counter()
    if not rows:
        return total
    names = {name for (name,) in con.execute("select name from name_today").fetchall()}
    masker = TextMasker(policy, names, _regions(con))
    done = []
    for interaction_id, text, own_names, details in rows:
        masked, counts = masker.mask(text, _known(own_names, details))
        total.update(counts)
        done.append((interaction_id, text, masked, json.dumps(counts)))
    _store(con, done, as_of, version)
    return total


def _known(names: str, details: str) -> Known:
    """Own names of two characters at least; details of four, below which they are just a number and a unit."""
    return Known(
        frozenset(name for name in names if name and len(name) >= 2),
        frozenset(detail for detail in details if detail and len(detail) >= 4),
    )


def _store(con: duckdb.DuckDBPyConnection, done: list[tuple[str, str, str, str]], as_of: dt.date, version: str) -> None:
    columns = dict(
        zip(("interaction_id", "note_text", "masked_text", "entity_counts"), zip(*done, strict=True), strict=True)
    )
    con.register("done", pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
    con.execute(_INSERT, {"as_of": as_of, "version": version})
    con.unregister("done")
