"""The four vendor presets against servers that behave as the vendors document."""

import copy

import pyarrow.parquet as pq
import pytest

from connectors.extract import extract_source
from tests.api_server import ApiServer
from tests.source_files import DAY, make_site
from tests.vendor_apis import SECRET, DingTalk, Kingdee, VendorApi, WeCom, Yonyou
from warehouse import landing
from warehouse.errors import SourceError
from warehouse.keys import write_secret

VENDORS = pytest.mark.parametrize("vendor", [WeCom, DingTalk, Kingdee, Yonyou], ids=lambda vendor: vendor.__name__)
FAST = {"per_second": None, "first_wait": 0.01, "attempts": 3}


def site(folder, server, vendor, secret=SECRET, **changes):
    source = copy.deepcopy(vendor.source) | {"kind": "rest", "base_url": server.url, "login_url": server.url}
    settings = make_site(folder, {"api": {**source, "limits": FAST, **changes}})
    write_secret(settings.keys_dir / "app.secret", secret + "\n")
    return settings


def land(folder, api: VendorApi):
    """Read the vendor's table into the landing; returns its rows, lineage aside."""
    with ApiServer(api) as server:
        settings = site(folder, server, type(api))
        counts = extract_source(settings, "api", DAY, "run-test")
    ((_, delivery),) = landing.commits(settings, "api")[0].deliveries.items()
    rows = [tuple(row.values())[:-4] for row in pq.read_table(delivery.data).to_pylist()]
    assert counts["rows"] == len(rows) == delivery.manifest.rows
    return rows


def refused(folder, api: VendorApi, **changes):
    """The reading fails with one line that gives nothing away, and nothing landed."""
    with ApiServer(api) as server:
        settings = site(folder, server, type(api), **changes)
        with pytest.raises(SourceError) as error:
            extract_source(settings, "api", DAY, "run-test")
    assert landing.commits(settings, "api") == []
    (line,) = error.value.problems
    assert not [word for word in ("王小芳", "token-", SECRET, "guess", "appKey") if word in line]
    return line


@VENDORS
def test_all_pages_land(tmp_path, vendor):
    api = vendor()
    assert land(tmp_path, api) == api.rows()
    assert api.logins == 1 and api.data_calls >= 3


@VENDORS
def test_an_empty_list_lands_empty(tmp_path, vendor):
    assert land(tmp_path, vendor(customers=0)) == []


@VENDORS
def test_a_token_that_ends_in_the_middle_is_renewed(tmp_path, vendor):
    api = vendor(expire_at=3)
    assert land(tmp_path, api) == api.rows()
    assert api.logins == 2


@VENDORS
def test_a_call_refused_as_too_frequent_is_made_again(tmp_path, vendor):
    api = vendor(busy_at=2)
    assert land(tmp_path, api) == api.rows()


@VENDORS
def test_a_list_that_breaks_off_lands_nothing(tmp_path, vendor):
    line = refused(tmp_path, vendor(broken_from=3))
    assert "status 500" in line and "3 attempts" in line


@VENDORS
def test_a_wrong_secret_is_one_line(tmp_path, vendor):
    api = vendor()
    line = refused(tmp_path, api, secret="guess")
    assert "login: status " in line and "check credentials" in line
    assert api.data_calls == 0


@VENDORS
def test_a_secret_that_is_not_there_is_named_by_its_place(tmp_path, vendor):
    with ApiServer(vendor()) as server:
        settings = site(tmp_path, server, vendor)
        (settings.keys_dir / "app.secret").unlink()
        with pytest.raises(SourceError, match=r"app\.secret: credential '.*secret' is not there"):
            extract_source(settings, "api", DAY, "run-test")


def test_members_without_contacts_do_not_stop_the_list_of_ids(tmp_path):
    api = WeCom()
    columns = [{"name": "external_userid", "from": "$value"}, {"name": "userid", "from": "$userid"}]
    table = {"mode": "full", "from": "external_contact_ids", "keys": ["external_userid"], "columns": columns}
    with ApiServer(api) as server:
        settings = site(tmp_path, server, WeCom, tables={"contact": table})
        extract_source(settings, "api", DAY, "run-test")
    delivery = landing.commits(settings, "api")[0].deliveries["contact"]
    rows = [(row["external_userid"], row["userid"]) for row in pq.read_table(delivery.data).to_pylist()]
    assert rows == [(f"C{number:04}", "lisi") for number in range(3)]


def test_a_day_of_an_api_once_landed_is_not_read_again(tmp_path):
    api = Yonyou()
    with ApiServer(api) as server:
        settings = site(tmp_path, server, Yonyou)
        extract_source(settings, "api", DAY, "run-test")
        before = api.data_calls
        assert extract_source(settings, "api", DAY, "run-test")["deliveries"] == 0
    assert api.data_calls == before
