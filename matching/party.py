"""The pipeline's parties as one input relation per party type.

Grain: one row per record. Documents and contact points of a record are folded into it. `document_holder` is one key
for all numbers of a renewal chain: records that hold several numbers (old and new) tie those numbers together.
"""

from __future__ import annotations

import duckdb

from matching.cluster import Forest
from matching.relations import make_table, texts
from warehouse.store import CATALOG

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

# what a party is made of: columns of the standardised record, and what is folded into it
_READ = {
    "person": (
        "source", "name", "former_name", "latin_name", "document_type", "document_number", "document_key",
        "document_is_valid", "birth_date", "birth_date_document", "sex", "sex_document", "mobile", "mobile_second",
        "phone", "email", "address", "district", "address_detail", "employer", "spouse_name", "spouse_document_number",
    ),
    "organization": (
        "source", "name", "former_name", "uscc", "organization_code", "registry_number", "legal_representative_name",
        "org_core_name", "org_region", "org_form", "phone", "mobile", "district", "address", "address_detail",
    ),
}  # fmt: skip
_FOLDED = {"person": ("holder", "former_mobiles", "former_addresses"), "organization": ("former_addresses",)}

_JOINS = {
    "holder": "left join document_holder as holder using (document_key)",
    "former_addresses": "left join contact using (record_id)",
}

_SELECT = {
    "person": f"""
select
    record_id, source, name, former_name, latin_name,
    document_number, coalesce(holder, document_key) as document_holder,
    document_key[1] as document_class, coalesce(document_key[1], {_SPACE}) as document_space,
    case when document_is_valid then record.birth_date_document end as birth_date_document,
    coalesce(case when document_is_valid then record.birth_date_document end, record.birth_date) as birth_date,
    list_distinct(list_filter([record.birth_date_document, record.birth_date], lambda x: x is not null)) as birth_dates,
    coalesce(sex_document, record.sex) as sex,
    coalesce(record.mobile, mobile_second) as mobile,
    nullif(list_distinct(list_filter([record.mobile, mobile_second], lambda x: x is not null)), []) as mobiles,
    former_mobiles,
    nullif(
        list_sort(list_distinct(list_filter(
            list_concat([record.mobile, mobile_second], former_mobiles), lambda x: x is not null
        ))), []
    ) as all_mobiles,
    phone, email, address, district, address_detail, former_addresses,
    employer, spouse_name, spouse_document_number
from""",
    "organization": """
select
    record_id, source, name, former_name,
    uscc, coalesce(record.organization_code, substr(uscc, 9, 9)) as organization_code,
    registry_number, legal_representative_name,
    org_core_name, org_region, org_form,
    coalesce(record.phone, mobile) as phone, mobile, district, address,
    address_detail, former_addresses
from""",
}


def folded_sql(party_type: str) -> str:
    """Query of today's records with all that their parties are made of, and `content`, a hash of it and of the id.

    It is quicker to make than the parties: those of records with the same content are the same.
    """
    columns = ", ".join(("record_id", *_READ[party_type], *_FOLDED[party_type]))
    joins = " ".join(_JOINS[name] for name in _FOLDED[party_type] if name in _JOINS)
    return (
        f"select {columns}, hash({columns}) as content from {CATALOG}.main.int_party__record {joins}"
        f" where party_type = '{party_type}'"
    )


def party_sql(party_type: str, folded: str) -> str:
    """Query of the parties of records as `folded_sql` gives them."""
    return f"{_SELECT[party_type]} {folded} as record"


def gather_parties(con: duckdb.DuckDBPyConnection) -> None:
    """Make `party_person` and `party_organization` in the scratch catalog from the warehouse's standardised records."""
    holders = document_holders(con)
    make_table(con, "document_holder", texts({"document_key": holders, "holder": holders.values()}))
    con.execute(_CONTACTS)
    for party_type in _READ:
        con.execute(
            f"create or replace view party_{party_type} as {party_sql(party_type, f'({folded_sql(party_type)})')}"
        )


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
