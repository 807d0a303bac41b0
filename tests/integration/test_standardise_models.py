"""Staging and intermediate models as the line runs them: dbt on the encrypted warehouse."""

from __future__ import annotations

import datetime as dt

import pytest

from connectors.raw import register_raw
from dags.pipeline import STAGE_MODELS
from warehouse import keys, store
from warehouse.dbt import run_dbt
from warehouse.settings import load_settings

AS_OF = dt.date(2026, 3, 2)
RUN = "run-2026-03-02"

CUSTOMERS = """
('1', '1', '李建国先生', '101', '110105491231002', '1', '19000101', '+86 13812345679', '湖北省襄樊市樊城区长虹路12号'),
('2', '1', '王芳', '106', 'E12345678', '2', '19810229', '13800000000', '襄阳枣阳吴店镇三桥村3组4号'),
('3', '2', '汇泰（湖北）食品有限公司', '201', '91350100M000100Y43', null, null, null, '朝阳区望京街道1号'),
('4', '7', '赵敏', '999', '123', 'X', '20990101', '无', '北京朝阳路5号')
"""
RENEWALS = "('R1', '2', '王芳', '护照', 'E12345678', 'EA1234567', '2036-02-02', '2026-02-03')"
CHANGES = """
('C1', '1', '李建国', '手机号', '13912345670', '13812345679', '2026-02-03'),
('C2', '2', '王芳', '地址', '北京市朝阳区望京街道1号', '襄阳枣阳吴店镇三桥村3组4号', '2026-02-03')
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    home = tmp_path_factory.mktemp("standardise")
    site = load_settings(environ={"MDM_HOME": str(home)})
    keys.create_key(site)
    register_raw(site, AS_OF, RUN)
    return site


@pytest.fixture(scope="module")
def empty_counts(settings):
    run_dbt(settings, STAGE_MODELS, AS_OF, RUN)
    with store.connect(settings, read_only=True) as con:
        tables = ("int_party__record", "int_party__document", "int_party__contact_point")
        return [con.execute(f"select count(*) from {table}").fetchone()[0] for table in tables]


@pytest.fixture(scope="module")
def filled(settings, empty_counts):
    """A few customers, renewals and changes instead of the empty raw relations."""
    with store.connect(settings) as con:
        _fill(
            con,
            "core__customer",
            "cust_no, cust_typ, cust_nm, cert_typ, cert_no, sex_cd, birth_dt, mobile, addr",
            CUSTOMERS,
        )
        _fill(
            con,
            "counter__identity_renewal",
            "serial_no, cust_no, name, cert_type, old_cert_no, new_cert_no, new_exp_dt, handled_dt",
            RENEWALS,
        )
        _fill(con, "counter__info_change", "serial_no, cust_no, name, item, old_value, new_value, handled_dt", CHANGES)
        con.execute("update source_status set data_as_of = date '2026-03-01' where source = 'core'")
    run_dbt(settings, "+int_party__contact_point +int_party__document +int_party__field_issue", AS_OF, RUN)
    return settings


def _fill(con, table, columns, rows):
    """Replace an empty raw view by a text table of the same columns with these rows; other columns stay null."""
    con.execute(f"create temp table empty as select columns(*)::varchar from raw_{table}")
    con.execute(f"drop view raw_{table}")
    con.execute(f"create table raw_{table} as select * from empty")
    con.execute(f"insert into raw_{table} ({columns}) values {rows}")
    con.execute("drop table temp.empty")


def _rows(settings, sql):
    with store.connect(settings, read_only=True) as con:
        return con.execute(sql).fetchall()


def test_models_and_their_tests_pass_without_a_single_row(empty_counts):
    assert empty_counts == [0, 0, 0]


def test_names_documents_and_mobiles_of_records(filled):
    rows = _rows(
        filled,
        """select record_id, party_type, name, document_key, document_issue, birth_date, mobile, mobile_issue
           from int_party__record order by record_id""",
    )
    assert rows == [
        ("core:1", "person", "李建国", "R:11010519491231002X", None, None, "13812345679", None),
        ("core:2", "person", "王芳", "P:E12345678", None, None, None, "filler"),
        ("core:3", "organization", "汇泰(湖北)食品有限公司", "U:91350100M000100Y43", None, None, None, None),
        ("core:4", "person", "赵敏", None, "unmapped_type", None, None, None),
    ]


def test_addresses_get_the_region_of_today_and_never_an_invented_one(filled):
    rows = _rows(
        filled, "select record_id, province, city, district, address from int_party__record order by record_id"
    )
    assert rows == [
        ("core:1", "湖北省", "襄阳市", "樊城区", "湖北省襄阳市樊城区长虹路12号"),
        ("core:2", "湖北省", "襄阳市", "枣阳市", "湖北省襄阳市枣阳市吴店镇三桥村3组4号"),
        ("core:3", None, None, "朝阳区", "朝阳区望京街道1号"),
        ("core:4", "北京市", None, None, "北京市朝阳路5号"),
    ]


def test_parts_of_an_organization(filled):
    rows = _rows(
        filled,
        """select uscc, organization_code, org_region, org_core_name, org_form
           from int_party__record where record_id = 'core:3'""",
    )
    assert rows == [("91350100M000100Y43", "M000100Y4", "湖北省", "汇泰食品", "有限公司")]


def test_records_say_how_fresh_their_source_is_and_what_they_hold(filled):
    rows = _rows(filled, "select distinct source_as_of, length(record_hash) from int_party__record")
    assert rows == [(dt.date(2026, 3, 1), 32)]


def test_documents_of_a_renewal_chain(filled):
    rows = _rows(
        filled,
        """select record_id, document_key, document_number, valid_from, valid_to, origin
           from int_party__document where record_id = 'core:2' order by document_key""",
    )
    assert rows == [
        ("core:2", "P:E12345678", "E12345678", None, dt.date(2026, 2, 3), "record"),
        ("core:2", "P:EA1234567", "EA1234567", dt.date(2026, 2, 3), dt.date(2036, 2, 2), "renewal"),
    ]


def test_contact_points_hold_former_values_once(filled):
    rows = _rows(
        filled, "select * from int_party__contact_point where record_id in ('core:1', 'core:2') and kind = 'mobile'"
    )
    assert rows == [
        ("core:1", "mobile", "13812345679", True, "record"),
        ("core:1", "mobile", "13912345670", False, "info_change"),
    ]
    former = _rows(filled, "select value from int_party__contact_point where kind = 'address' and not is_current")
    assert former == [("北京市朝阳区望京街道1号",)]


def test_every_field_says_what_was_wrong_and_what_became_of_it(filled):
    rows = _rows(filled, "select record_id, field, issue, effect from int_party__field_issue order by all")
    assert rows == [
        ("core:1", "address", "retired_region", "changed"),
        ("core:1", "document", "fifteen_digits", "changed"),
        ("core:1", "name", "title_removed", "changed"),
        ("core:2", "mobile", "filler", "dropped"),
        ("core:3", "address", "ambiguous_region", "doubted"),
        ("core:4", "birth_date", "implausible_date", "dropped"),
        ("core:4", "document", "unmapped_type", "dropped"),
    ]
