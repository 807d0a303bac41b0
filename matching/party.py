"""The pipeline's parties as one input relation per party type.

Grain: one row per record. Documents and contact points of a record are folded into it. `document_holder` is one key
for all numbers of a renewal chain: records that hold several numbers (old and new) tie those numbers together.
"""

from __future__ import annotations

import duckdb

from matching.cluster import Forest
from matching.history import register_texts

# number spaces by document type, for numbers that are not valid and so have no key; resident ids, household registers
# and residence permits share one
_SPACE = """
case when document_type in ('resident_id', 'household_register', 'temporary_id', 'residence_permit') then 'R'
     else document_type end
"""

_CONTACTS = """
create or replace table contact as
select
    record_id,
    list(distinct value order by value) filter (kind = 'mobile') as former_mobiles,
    list(distinct value order by value) filter (kind = 'address') as former_addresses
from warehouse.main.int_party__contact_point
where not is_current
group by record_id
"""

_PERSON = f"""
create or replace view party_person as
select
    record.record_id, record.source, record.name, record.former_name, record.latin_name,
    record.document_number, coalesce(holder.holder, record.document_key) as document_holder,
    record.document_key[1] as document_class, coalesce(record.document_key[1], {_SPACE}) as document_space,
    case when record.document_is_valid then record.birth_date_document end as birth_date_document,
    coalesce(case when record.document_is_valid then record.birth_date_document end, record.birth_date) as birth_date,
    list_distinct(list_filter([record.birth_date_document, record.birth_date], lambda x: x is not null)) as birth_dates,
    coalesce(record.sex_document, record.sex) as sex,
    coalesce(record.mobile, record.mobile_second) as mobile,
    nullif(list_distinct(list_filter([record.mobile, record.mobile_second], lambda x: x is not null)), []) as mobiles,
    contact.former_mobiles,
    nullif(
        list_sort(list_distinct(list_filter(
            list_concat([record.mobile, record.mobile_second], contact.former_mobiles), lambda x: x is not null
        ))), []
    ) as all_mobiles,
    record.phone, record.email, record.address, record.district, record.address_detail, contact.former_addresses,
    record.employer, record.spouse_name, record.spouse_document_number
from warehouse.main.int_party__record as record
left join document_holder as holder on holder.document_key = record.document_key
left join contact on contact.record_id = record.record_id
where record.party_type = 'person'
"""

_ORGANIZATION = """
create or replace view party_organization as
select
    record.record_id, record.source, record.name, record.former_name,
    record.uscc, coalesce(record.organization_code, substr(record.uscc, 9, 9)) as organization_code,
    record.registry_number, record.legal_representative_name,
    record.org_core_name, record.org_region, record.org_form,
    coalesce(record.phone, record.mobile) as phone, record.mobile, record.district, record.address,
    record.address_detail, contact.former_addresses
from warehouse.main.int_party__record as record
left join contact on contact.record_id = record.record_id
where record.party_type = 'organization'
"""


def gather_parties(con: duckdb.DuckDBPyConnection) -> None:
    """Make `party_person` and `party_organization` in the scratch catalog from the warehouse's standardised records."""
    holders = document_holders(con)
    register_texts(con, "holders", {"document_key": holders, "holder": holders.values()})
    con.execute("create or replace table document_holder as select * from holders")
    con.unregister("holders")
    con.execute(_CONTACTS)
    con.execute(_PERSON)
    con.execute(_ORGANIZATION)


def document_holders(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """One holder per document key that some record of the warehouse holds together with another."""
    rows = con.execute(
        "with document as (select document_key, record_id from warehouse.main.int_party__document),"
        " several as (select record_id from document group by record_id having count(*) > 1)"
        " select document_key, record_id from document semi join several using (record_id)"
        " order by record_id, document_key"
    ).fetchall()
    forest: Forest[str] = Forest()
    first: dict[str, str] = {}
    for key, record in rows:
        forest.join(first.setdefault(record, key), key)
    return {key: forest.find(key) for key in sorted({key for key, _ in rows})}
