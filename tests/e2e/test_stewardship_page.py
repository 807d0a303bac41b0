"""The steward page in a real browser: keys, masks, reveal, undo, lost answers; pictures go to the test's folder."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import select

from matching.decisions import VERDICTS
from stewardship.store import AuditEvent, Decision, open_store, reading
from stewardship.text import REASONS
from tests.steward_desk import CANARIES, Server, after_first_day, copied, serving
from warehouse.settings import Settings

VERDICT_BUTTONS = [f".verdict.{verdict}" for verdict in VERDICTS]


@pytest.fixture(scope="module")
def first_day(site_factory) -> Settings:
    """A site after its first day, with users; tests work on copies."""
    return after_first_day(site_factory(300, 30))


@pytest.fixture
def settings(first_day: Settings, tmp_path: Path) -> Settings:
    return copied(first_day, tmp_path / "var")


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    with serving(settings) as running:
        yield running
    open_store(settings).dispose()


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A browser window of the smallest screen in a branch; any script or policy error fails the test."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    window = context.new_page()
    problems: list[str] = []
    window.on("pageerror", lambda error: problems.append(str(error)))
    window.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    yield window
    context.close()
    assert [problem for problem in problems if "Failed to load resource" not in problem] == []


def log_in(page: Page, server: Server, login: str = "steward.hq") -> None:
    page.goto(f"{server.url}/tasks")
    page.fill("input[name=login]", login)
    page.fill("input[name=password]", server.passwords[login])
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks")


def decisions(settings: Settings) -> list[tuple[str, str, str]]:
    with reading(open_store(settings)) as session:
        rows = session.scalars(select(Decision).order_by(Decision.decision_id))
        return [(row.kind, row.task_id, row.verdict) for row in rows]


def picture(page: Page, folder: Path, name: str) -> None:
    page.screenshot(path=folder / f"{name}.png")
    assert (folder / f"{name}.png").stat().st_size > 10_000


def test_three_pairs_by_keys_and_an_undo(page: Page, server: Server, settings: Settings, tmp_path: Path):
    picture_folder = tmp_path
    page.goto(server.url)
    picture(page, picture_folder, "login")
    log_in(page, server)
    picture(page, picture_folder, "queue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/p-city-3*")
    picture(page, picture_folder, "pair")
    assert [value for value in CANARIES if value in page.content()] == []
    page.keyboard.press("s")
    expect(page.locator("#status")).to_contain_text("请先选择原因")
    page.keyboard.press("2")
    page.wait_for_url("**/tasks/p-cross*")
    page.keyboard.press("6")
    expect(page.locator("#status")).to_contain_text("请选择结论")
    page.keyboard.press("d")
    page.wait_for_url("**/tasks/p-city-1*")
    page.keyboard.press("u")
    page.keyboard.press("7")
    page.wait_for_url("**/tasks/p-city-2*")
    decided = [("p-city-3", "same"), ("p-cross", "different"), ("p-city-1", "unsure")]
    assert decisions(settings) == [("verdict", *item) for item in decided]
    page.keyboard.press("z")
    page.wait_for_url("**/tasks/p-city-1")
    assert decisions(settings)[-1] == ("undo", "p-city-1", "unsure")
    expect(page.locator(".history")).to_contain_text("撤销 #3")
    picture(page, picture_folder, "undone")


def test_one_party_kept_apart_and_related_parties_by_keys(page: Page, server: Server, settings: Settings, tmp_path):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    expect(page.locator(".chip:visible")).to_have_count(9)
    page.keyboard.press("r")
    expect(page.locator(".chip:visible")).to_have_count(7)
    picture(page, tmp_path, "related")
    page.keyboard.press("a")  # another verdict, other reasons under the same keys
    expect(page.locator(".chip:visible")).to_have_count(4)
    page.keyboard.press("Escape")
    expect(page.locator(".chip:visible")).to_have_count(9)
    page.keyboard.press("a")
    page.keyboard.press("1")
    page.wait_for_url("**last=1")
    page.goto(f"{server.url}/tasks/p-cross")
    page.keyboard.press("5")  # a reason first, then its verdict
    page.keyboard.press("r")
    page.wait_for_url("**last=2")
    page.goto(f"{server.url}/tasks/p-city-2")
    page.click(".verdict.related")
    page.click("text=同一控制人")
    page.wait_for_url("**last=3")
    with reading(open_store(settings)) as session:
        rows = session.scalars(select(Decision).order_by(Decision.decision_id))
        found = [(row.task_id, row.verdict, row.reason_code) for row in rows]
    assert found == [
        ("p-city-1", "same_apart", "staff_profile"), ("p-cross", "related", "related"),
        ("p-city-2", "related", "same_controller"),
    ]  # fmt: skip
    page.goto(f"{server.url}/tasks/p-city-1")
    expect(page.locator(".history")).to_contain_text("同一主体分户")


def test_the_whole_decision_is_on_one_screen(page: Page, server: Server):
    log_in(page, server)
    for width, height in ((1366, 768), (1366, 650)):  # the second is what a browser's own bars leave of the first
        page.set_viewport_size({"width": width, "height": height})
        for language in ("en", "zh"):
            page.goto(f"{server.url}/tasks/p-city-1")
            page.click("button[name=language]")
            page.wait_for_load_state("load")
            assert page.evaluate("document.documentElement.scrollHeight") <= height
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for part in (*VERDICT_BUTTONS, ".chip:visible >> nth=8", ".note", ".waterfall .total", ".legend"):
                box = page.locator(part).bounding_box()
                assert box is not None and box["y"] + box["height"] <= height, (part, language)
            last_row = page.locator(".compare tbody tr").last.bounding_box()
            panel = page.locator(".compare").bounding_box()
            assert last_row and panel
            if height == 768:
                assert last_row["y"] + last_row["height"] <= panel["y"] + panel["height"], language


def test_keys_are_letters_while_typing_and_commands_with_modifiers(page: Page, server: Server, settings: Settings):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    page.keyboard.press("n")
    page.keyboard.type("s2dk")
    assert page.input_value("input.note") == "s2dk"
    page.keyboard.press("Escape")
    for chord in ("Control+s", "Alt+s", "Meta+s"):
        page.keyboard.press(chord)
    expect(page.locator(".verdict.armed")).to_have_count(0)
    composing = "new KeyboardEvent('keydown', {key: 's', isComposing: true, bubbles: true})"
    page.evaluate(f"document.body.dispatchEvent({composing})")
    expect(page.locator(".verdict.armed")).to_have_count(0)
    assert decisions(settings) == []


def test_typing_ahead_hits_one_pair_once(page: Page, server: Server, settings: Settings):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    page.evaluate(
        """() => { for (const key of ["2", "s", "6", "d", "u"])
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true})); }"""
    )
    page.wait_for_url("**last=1")
    assert decisions(settings) == [("verdict", "p-city-1", "same")]


def test_a_reason_other_needs_its_note(page: Page, server: Server, settings: Settings):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    page.keyboard.press("s")
    page.keyboard.press("9")
    expect(page.locator("input.note")).to_be_focused()
    page.keyboard.type("13800138001")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("备注中不能出现客户信息")
    page.fill("input.note", "经办人当面核对")
    page.keyboard.press("Enter")
    page.wait_for_url("**last=1")
    assert decisions(settings) == [("verdict", "p-city-1", "same")]


def test_a_clear_value_shows_after_a_reason_and_hides_again(page: Page, server: Server, settings: Settings):
    page.clock.install()
    log_in(page, server, "steward.city")
    page.goto(f"{server.url}/tasks/p-city-1")
    cell = page.locator('td[data-field=mobile][data-position="1"]')
    page.keyboard.press("Shift+V")
    page.click("details[open] input[value=call_customer]")
    page.click("details[open] button")
    expect(cell).to_have_text("13800138002")
    expect(page.locator('td[data-field=mobile][data-position="0"]')).to_have_text("138****8001")
    assert "13800138002" not in page.url
    page.clock.fast_forward(61_000)
    expect(cell).to_have_text("138****8002")
    with reading(open_store(settings)) as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "reveal"))
    assert "mobile" in event.columns and event.reason == "call_customer"


def test_an_answer_lost_on_the_way_is_sent_again_and_counts_once(page: Page, server: Server, settings: Settings):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    lost: list[str] = []

    def lose_the_first(route: Route) -> None:
        if not lost:
            lost.append(route.request.url)
            route.fetch()  # it reaches the server, but its acknowledgement does not come back
            route.abort()
        else:
            route.continue_()

    page.route("**/decision*", lose_the_first)
    page.keyboard.press("s")
    page.keyboard.press("2")
    expect(page.locator("#status")).to_contain_text("尚未保存")
    page.wait_for_url("**last=1")
    assert decisions(settings) == [("verdict", "p-city-1", "same")]


def test_the_second_steward_is_told_who_decided_what(page: Page, server: Server, settings: Settings):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    server.client("steward.city").decide("p-city-1", "different", "namesake")
    page.keyboard.press("s")
    page.keyboard.press("2")
    expect(page.locator("#status")).to_contain_text("steward.city 已于")
    assert decisions(settings) == [("verdict", "p-city-1", "different")]


def test_without_javascript_everything_still_works(browser: Browser, server: Server, settings: Settings):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    page.click("details.reveal >> nth=0 >> summary")
    page.click("details[open] input[value=check_document]")
    page.click("details[open] button")
    expect(page.locator('td[data-field=mobile][data-position="0"]')).to_have_text("13800138001")
    expect(page.locator(".chip:visible")).to_have_count(len(REASONS))
    page.click(".chip >> nth=1")
    page.click(".verdict.same")
    page.wait_for_url("**last=1")
    assert decisions(settings) == [("verdict", "p-city-1", "same")]
    context.close()


def test_dark_english_and_narrow(page: Page, server: Server, tmp_path: Path):
    log_in(page, server)
    page.goto(f"{server.url}/tasks/p-city-1")
    page.click("button[name=language]")
    page.click("button[name=theme]")
    page.wait_for_load_state("load")
    assert page.get_attribute("html", "data-theme") == "dark"
    expect(page.locator(".verdict.same")).to_contain_text("Same person")
    picture(page, tmp_path, "pair_dark_english")
    page.set_viewport_size({"width": 420, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    for part in VERDICT_BUTTONS:
        box = page.locator(part).bounding_box()
        assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 420 and box["height"] >= 32, part
    picture(page, tmp_path, "pair_narrow")


def test_from_pair_to_pair_in_well_under_a_second(page: Page, server: Server):
    log_in(page, server)
    page.goto(f"{server.url}/next")
    spent = []
    for _ in range(4):
        before = page.url
        started = time.perf_counter()
        page.keyboard.press("u")
        page.keyboard.press("7")
        page.wait_for_function("before => location.href !== before && document.querySelector('.verdict')", arg=before)
        spent.append(time.perf_counter() - started)
    assert sorted(spent)[1] < 3.0, spent  # loose: test machines are busy
