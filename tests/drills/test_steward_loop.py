"""The one loop, whole: a steward decides in a real browser, the next day obeys, an undo restores.

The line is run for three days around the browser; only the golden ids of the decided pairs may move.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from playwright.sync_api import Browser, Page
from sqlalchemy import select

from connectors.demo.generate import generate
from stewardship.store import Decision, open_store, reading
from tests.integration.conftest import FIRST, run
from tests.steward_desk import Server, serving
from warehouse.settings import Settings

KEYS = {"different": "d6", "same": "s2"}
ASKED = ("different", "same", "same")


def at_the_desk(browser: Browser, server: Server) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
    page.goto(f"{server.url}/tasks")
    page.fill("input[name=login]", "steward.hq")
    page.fill("input[name=password]", server.passwords["steward.hq"])
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks")
    page.keyboard.press("Enter")
    page.wait_for_url("**/tasks/*")
    return page


def decide(page: Page, verdict: str) -> None:
    before = page.url
    for key in KEYS[verdict]:
        page.keyboard.press(key)
    page.wait_for_url(lambda url: url != before)


def decided(settings: Settings) -> list[tuple[str, str, str]]:
    with reading(open_store(settings)) as session:
        rows = session.scalars(select(Decision).where(Decision.kind == "verdict").order_by(Decision.decision_id))
        return [(row.verdict, row.record_id_l, row.record_id_r) for row in rows]


def test_a_steward_decides_the_next_day_obeys_and_an_undo_restores(browser, site_factory, tmp_path: Path):
    settings = site_factory(people=1500, organizations=60)
    generate(settings, None)
    first = run(settings, FIRST)
    with serving(settings) as server:
        page = at_the_desk(browser, server)
        for verdict in ASKED:
            page.screenshot(path=tmp_path / f"{verdict}.png")
            decide(page, verdict)
        page.context.close()
    pairs = decided(settings)
    assert [verdict for verdict, _, _ in pairs] == list(ASKED)

    second = run_next(settings, 1)
    for verdict, left, right in pairs:
        together = second.xref[left] == second.xref[right]
        assert together == (verdict == "same"), (verdict, left, right)
        assert verdict == "different" or first.xref[left] != first.xref[right]

    with serving(settings) as server:
        page = at_the_desk(browser, server)
        page.click("a[href='/decisions']")
        page.locator("form[action$='/undo'] button").first.click()  # the newest decision stands on top
        page.wait_for_url(f"**/tasks/{last_task(settings)}")
        page.screenshot(path=tmp_path / "undone.png")
        page.context.close()

    third = run_next(settings, 2)
    _, left, right = pairs[-1]
    assert third.xref[left] == first.xref[left]
    assert third.xref[right] == first.xref[right]
    _, left, right = pairs[1]
    assert third.xref[left] == third.xref[right]
    open_store(settings).dispose()


def run_next(settings: Settings, number: int):
    day = FIRST + dt.timedelta(days=number)
    generate(settings, day)
    return run(settings, day)


def last_task(settings: Settings) -> str:
    with reading(open_store(settings)) as session:
        return session.scalars(select(Decision.task_id).order_by(Decision.decision_id.desc())).first()
