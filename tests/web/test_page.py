"""The page in a real browser: first view, a country closed by click, the same numbers as the command line, links, undo, files, keyboard, axe."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from keruen.cli import main
from web_server import Served, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser, pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine: the page was not tried in a browser"),
]  # fmt: skip
PATIENCE = 180_000  # milliseconds; what is waited for takes seconds at most where nobody else works
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run", "--disable-sync"]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving("kazakhstan") as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the page was not tried in a browser")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A page whose every message, failed request and address is looked at in the end."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True)
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    made.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type in ("error", "warning") else None)
    made.on("pageerror", lambda e: wrong.append(f"error: {e}"))
    made.on("request", lambda r: None if r.url.startswith((served.url, "blob:", "data:")) else wrong.append(f"outside: {r.url}"))
    # A question that nobody waits for any more is taken back by the page itself.
    made.on("requestfailed", lambda r: None if "ERR_ABORTED" in (r.failure or "") else wrong.append(f"failed: {r.url}"))
    made.on("response", lambda r: None if r.status < 400 else wrong.append(f"{r.status}: {r.url}"))
    yield made
    expected = getattr(made, "expected", ())
    context.close()
    assert [w for w in wrong if not any(e in w for e in expected)] == []


def ready(page: Page, query: str) -> None:
    """Wait until the page shows this scenario."""
    page.wait_for_function("q => document.documentElement.dataset.state === 'ready' && document.documentElement.dataset.query === q", arg=query)


def open_page(page: Page, served: Served, query: str = "", shown: str | None = None) -> None:
    page.goto(served.url + ("/?" + query if query else "/"))
    ready(page, shown if shown is not None else query or "year=2023")


def exports(page: Page) -> dict[str, float]:
    found: dict[str, float] = page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-exports]')].map(e => [e.dataset.exports, Number(e.dataset.value)]))"
    )
    return found


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["solve", "kazakhstan", *arguments, "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def moved(plan: dict[str, Any]) -> dict[str, float]:
    return {r["commodity"]: r["moved"] for r in plan["exports"]}


def test_first_view(page: Page, served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    open_page(page, served)
    plan = told(capsys)
    assert exports(page) == pytest.approx(moved(plan))
    assert f"{plan['cost_musd']:,.0f}" in page.inner_text("#figures .card b >> nth=0")
    links = page.locator("#map-a g[data-link]")
    assert links.count() == 344
    assert page.locator("#map-a g[data-link][tabindex='0']").count() == 1
    page.wait_for_selector(".shares tbody tr")
    page.wait_for_selector("#answers ol.rows li")
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_closing_russia_by_click_gives_the_numbers_of_the_command_line(page: Page, served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    open_page(page, served)
    page.click("[data-zoom='0']")
    page.locator("#map-a path[data-country=RU]").click(position=_inside(page))
    assert page.inner_text("#about h2") == "Russia"
    page.click("#close-it")
    ready(page, "year=2023&close=country=RU")
    plan = told(capsys, "--close", "country=RU")
    assert exports(page) == pytest.approx(moved(plan))
    assert exports(page)["crude"] == pytest.approx(6.9911)
    assert page.url == f"{served.url}/?close=country=RU"
    page.wait_for_selector(".shares tbody tr")
    shares = {r["country"]: r for r in plan["countries"] if r["commodity"] == "crude"}
    assert page.locator(".shares tbody tr").count() == len(shares)
    page.click("#undo")
    ready(page, "year=2023")
    assert exports(page)["crude"] == pytest.approx(70.5001)
    page.keyboard.press("Control+y")
    ready(page, "year=2023&close=country=RU")
    page.click("#reset")
    ready(page, "year=2023")


def _inside(page: Page) -> Any:
    """A spot of Russia's box, for a click, where nothing else lies: found by asking the page what is there."""
    return page.evaluate(
        """() => {
          const path = document.querySelector('#map-a path[data-country=RU]'), box = path.getBoundingClientRect();
          const map = document.querySelector('#map-a').getBoundingClientRect();
          for (let y = Math.max(box.top, map.top) + 30; y < map.bottom; y += 7)
           for (let x = Math.max(box.left, map.left) + 30; x < map.right - 30; x += 7)
            if (document.elementFromPoint(x, y) === path && document.elementsFromPoint(x, y).every(e => !e.closest('[data-link],[data-place]')))
              return { x: x - box.left, y: y - box.top };
        }"""
    )


def test_a_link_is_closed_widened_and_taxed(page: Page, served: Served, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    open_page(page, served)
    page.fill("#find", "pipe-cpc-tengiz-atyrau")
    page.press("#find", "Enter")
    page.wait_for_selector("#close-it")
    assert "72.5" in page.inner_text("#about")
    page.click("#close-it")
    ready(page, "year=2023&close=link=pipe-cpc-tengiz-atyrau")
    assert exports(page) == pytest.approx(moved(told(capsys, "--close", "link=pipe-cpc-tengiz-atyrau")))
    page.click("#close-it")
    ready(page, "year=2023")
    page.fill("#widen", "20")
    page.press("#widen", "Tab")
    ready(page, "year=2023&scale=link=pipe-cpc-tengiz-atyrau,capacity=0.2")
    page.fill("#tax", "7")
    page.press("#tax", "Tab")
    query = "year=2023&scale=link=pipe-cpc-tengiz-atyrau,capacity=0.2&tax=link=pipe-cpc-tengiz-atyrau,usd=7"
    ready(page, query)
    page.click("#take summary")
    with page.expect_download() as saved:
        page.click("#save-toml")
    saved.value.save_as(tmp_path / "mine.toml")
    assert exports(page) == pytest.approx(moved(told(capsys, "--scenario", str(tmp_path / "mine.toml"))))
    page.click("#reset")
    ready(page, "year=2023")
    page.set_input_files("#load-toml", tmp_path / "mine.toml")
    page.wait_for_function("() => document.documentElement.dataset.query.includes('with=')")
    assert exports(page) == pytest.approx(moved(told(capsys, "--scenario", str(tmp_path / "mine.toml"))))


def test_a_link_opened_by_somebody_else_shows_the_same(browser: Browser, page: Page, served: Served) -> None:
    query = "year=2027&scenario=russia-closed&close=link=pipe-atasu-alashankou"
    open_page(page, served, query)
    other = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    other.goto(page.url)
    ready(other, query)
    for what in ("#map-a svg .kmap-paint", "#figures .cards", ".goods"):
        assert other.inner_html(what) == page.inner_html(what)
    assert exports(other) == exports(page)
    other.context.close()


def test_levers(page: Page, served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    open_page(page, served)
    page.evaluate("() => { const y = document.getElementById('year'); y.value = 2030; y.dispatchEvent(new Event('change')); }")
    ready(page, "year=2030")
    assert exports(page) == pytest.approx(moved(told(capsys, "--year", "2030")))
    page.click("text=Events")
    page.fill("[aria-label='Filter events']", "crosses russia")
    page.check("text=Nothing crosses Russia")
    ready(page, "year=2030&scenario=russia-closed")
    page.click("text=Rules in force")
    page.uncheck("text=all: contract")
    ready(page, "year=2030&scenario=russia-closed&without=kind=contract")
    assert exports(page) == pytest.approx(moved(told(capsys, "--year", "2030", "--scenario", "russia-closed", "--without", "kind=contract")))
    page.click(".chips button >> nth=0")
    ready(page, "year=2030&without=kind=contract")


def test_a_map_that_was_changed_step_by_step_is_the_map_that_is_drawn_at_once(browser: Browser, page: Page, served: Served) -> None:
    """Only what changed is put into the page anew; in the end all of it is as in a page that was opened there."""
    open_page(page, served)
    page.evaluate("() => { document.querySelector('#map-a g[data-link=rail-malaszewicze-lodz]').kept = true; }")
    kept = "() => document.querySelector('#map-a g[data-link=rail-malaszewicze-lodz]').kept === true"
    steps = ("close=link=pipe-cpc-tengiz-atyrau", "close=country=RU", "year=2030&scenario=russia-closed", "close=link=rail-malaszewicze-lodz")
    for n, query in enumerate(steps):
        page.evaluate("async query => (await import('/static/state.js')).open(query)", query)
        ready(page, query if "year" in query else f"year=2023&{query}")
        if not n:
            assert page.evaluate(kept), "what did not change is not drawn anew"
    assert not page.evaluate(kept)
    other = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    other.set_default_timeout(PATIENCE)
    other.goto(page.url)
    ready(other, "year=2023&close=link=rail-malaszewicze-lodz")
    assert other.inner_html("#map-a svg.kmap-view") == page.inner_html("#map-a svg.kmap-view")
    other.context.close()


def test_shippers_decide(page: Page, served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    """What shippers would do is drawn and counted; what is answered for the planner alone says so and is not asked."""
    open_page(page, served)
    page.select_option("#behaviour", "shippers")
    ready(page, "year=2023&behaviour=shippers")
    assert exports(page) == pytest.approx(moved(told(capsys, "--behaviour", "shippers")))
    page.wait_for_selector(".shares tbody tr")
    page.click("text=Statements whose verdict changes")
    assert page.locator("text=Answered for the planner alone").count() == 2
    assert not page.locator("#problem").is_visible()
    assert page.locator("#answers .waiting").count() == 0
    page.select_option("#behaviour", "planner")
    ready(page, "year=2023")
    page.wait_for_selector("#answers ol.rows li")


def test_two_side_by_side(page: Page, served: Served) -> None:
    open_page(page, served, "close=country=RU", "year=2023&close=country=RU")
    page.click("#beside")
    page.wait_for_selector("#map-b g[data-link]")
    page.click("#reset")
    ready(page, "year=2023")
    assert page.locator("#map-b").is_visible()
    assert page.locator(".goods .other-text").first.inner_text() == "6.99"
    assert "beside=" in page.url
    page.click("#beside")
    page.wait_for_function("() => document.getElementById('map-b').hidden")


def test_what_can_be_taken_away(page: Page, served: Served, tmp_path: Path) -> None:
    open_page(page, served, "close=country=RU", "year=2023&close=country=RU")
    # The report is made where shares and worst closures are: after them.
    page.wait_for_selector(".shares tbody tr")
    page.wait_for_selector("#answers ol.rows li")
    page.click("#take summary")
    saved = {}
    for button in ("#save-csv", "#save-parquet", "#save-svg", "#save-png", "#save-report"):
        with page.expect_download(timeout=PATIENCE) as download:
            page.click(button)
            if button == "#save-report":
                page.wait_for_function("() => document.getElementById('status').textContent.startsWith('Making the report')")
        saved[button] = tmp_path / download.value.suggested_filename
        download.value.save_as(saved[button])
    rows = list(csv.DictReader(saved["#save-csv"].open(encoding="utf-8")))
    assert {"link", "flow", "unit"} <= set(rows[0])
    assert saved["#save-parquet"].read_bytes()[:4] == b"PAR1"
    assert saved["#save-png"].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(saved["#save-png"].read_bytes()[16:20]) == 2400
    assert saved["#save-png"].stat().st_size > 200_000, "a blank picture is small"
    assert "data-link" in saved["#save-svg"].read_text(encoding="utf-8")
    assert "<!doctype html>" in saved["#save-report"].read_text(encoding="utf-8").lower()[:100]


def test_an_address_that_makes_no_sense_says_so(page: Page, served: Served) -> None:
    page.expected = ["400"]  # type: ignore[attr-defined]
    page.goto(served.url + "/?close=country=XQ&colour=<img src=x onerror=alert(1)>")
    page.wait_for_selector("html[data-state=refused]")
    assert "nothing that an address may say" in page.inner_text("#problem")
    assert page.locator("#problem img").count() == 0
    page.click("#reset")
    ready(page, "year=2023")
    assert not page.locator("#problem").is_visible()


def test_by_keyboard_alone(page: Page, served: Served) -> None:
    open_page(page, served)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.focus("#map-a g[data-link][tabindex='0']")
    first = page.evaluate("() => document.activeElement.dataset.link")
    page.keyboard.press("ArrowRight")
    second = page.evaluate("() => document.activeElement.dataset.link")
    assert first != second
    page.keyboard.press("Enter")
    page.wait_for_selector("#close-it")
    assert page.evaluate("() => document.activeElement.tagName") == "H2"
    page.focus("#close-it")
    page.keyboard.press("Enter")
    ready(page, f"year=2023&close=link={second}")
    assert "closed" in page.get_attribute(f"#map-a g[data-link='{second}']", "aria-label")  # type: ignore[operator]
    page.keyboard.press("Escape")
    assert not page.locator("#about").is_visible()
    page.keyboard.press("Control+z")
    ready(page, "year=2023")


def test_every_control_has_a_name(page: Page, served: Served) -> None:
    open_page(page, served)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, summary, [role=button]')].filter(e => e.offsetParent !== null || e.closest('svg'))
          .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert nameless == []


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("size", [(1366, 768), (820, 1180)])
def test_axe_finds_nothing(page: Page, served: Served, dark: bool, size: tuple[int, int]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if dark else "light")
    open_page(page, served, "close=country=RU", "year=2023&close=country=RU")
    page.wait_for_selector(".shares tbody tr")
    page.fill("#find", "pipe-atasu-alashankou")
    page.press("#find", "Enter")
    page.wait_for_selector("#close-it")
    for summary in page.locator(".lever > summary").all():
        summary.click()
    page.click("#take summary")
    found = axe.Axe().run(page)
    wrong = [(v["id"], v["impact"], [n["html"][:160] for n in v["nodes"][:3]], v["nodes"][0].get("failureSummary", "")) for v in found.response["violations"]]
    assert wrong == []
    assert len(found.response["passes"]) > 20


def test_a_tablet_shows_all_of_it(page: Page, served: Served) -> None:
    page.set_viewport_size({"width": 820, "height": 1180})
    open_page(page, served)
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for part in ("#map-a", "#levers", "#answers"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["width"] > 350
