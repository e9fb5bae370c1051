"""The pages in a real browser: no request, our glyphs, links, folds, print."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from report_samples import chart_output, executed_notebook, finding_output, states_finding

from privdom_kit.messages import set_language
from privdom_kit.report import show, theme
from privdom_kit.report.index import render_index
from privdom_kit.report.rendering import render_report

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
CHROMIUM = Path("/usr/bin/chromium")
RUN = {"playbooks": {"01": {"status": "ran", "seconds": 1.0, "reason": ""}}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{CHROMIUM} is missing; CI must have it")
        pytest.skip(f"{CHROMIUM} is missing: the pages were not looked at in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu"]
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report and an index in Chinese, the card and the chart as the package makes them."""
    folder = tmp_path_factory.mktemp("site")
    set_language("zh")
    finding = states_finding()
    ax = theme.new_axes()
    theme.title_axes(ax, "客户状态分布")
    picture, _ = theme.chart_bundle(ax, "客户状态分布")
    chart = chart_output("客户状态分布")
    chart.data["image/png"] = picture["image/png"]
    nb = executed_notebook()
    nb.cells[-1].outputs = [
        finding_output("states", "act", "流失占三成", show.finding_html(finding, "zh")),
        chart,
    ]
    nbformat.write(nb, folder / "01.ipynb")
    about: dict[str, str] = {"language": "zh", "brand": "驼小满", "as_of": "2026-05-31"}
    render_report(folder / "01.ipynb", folder / "01.html", **about)
    findings = [finding.to_dict("01", "zh")]
    render_index(folder, run=RUN, findings=findings, **about)
    set_language("en")
    return folder


class Visit:
    """A page with every request and every complaint that it made."""

    def __init__(self, browser: Any, file: Path, width: int) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_page(viewport={"width": width, "height": 900})
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.route("**/*", self._record)
        self.page.goto(file.as_uri())

    def _record(self, route: Any) -> None:
        url = route.request.url
        if not url.startswith("data:"):
            self.requests.append(url)
        route.continue_() if url.startswith(("file:", "data:")) else route.abort()

    def display(self, selector: str) -> str:
        """The computed ``display`` of the first match."""
        return self.page.eval_on_selector(selector, "e => getComputedStyle(e).display")


@pytest.fixture(params=["01.html", "index.html"])
def visit(request: pytest.FixtureRequest, browser: Any, site: Path) -> Iterator[Visit]:
    one = Visit(browser, site / request.param, 1280)
    yield one
    one.page.close()


@pytest.fixture
def report(browser: Any, site: Path) -> Iterator[Visit]:
    one = Visit(browser, site / "01.html", 1280)
    yield one
    one.page.close()


@pytest.fixture
def phone(browser: Any, site: Path) -> Iterator[Visit]:
    one = Visit(browser, site / "01.html", 390)
    yield one
    one.page.close()


def test_no_request_leaves_the_file_and_nothing_complains(visit: Visit, site: Path) -> None:
    visit.page.wait_for_load_state("networkidle")
    assert visit.requests == [visit.page.url]
    assert visit.complaints == []


def test_a_planted_request_is_stopped_by_the_policy(browser: Any, site: Path) -> None:
    """Guards the guard: the recorder sees a request, and the policy forbids it."""
    html = (site / "01.html").read_text("utf-8")
    planted = site / "planted.html"
    planted.write_text(html.replace("<h1>", '<img src="https://example.org/p.png"><h1>'), "utf-8")
    one = Visit(browser, planted, 1280)
    one.page.wait_for_load_state("networkidle")
    assert one.requests == [one.page.url]
    assert "Content Security Policy" in " ".join(one.complaints)
    one.page.close()


def test_chinese_is_drawn_with_the_font_of_the_page(visit: Visit) -> None:
    """Widths with a fallback differ: each glyph is drawn beside the same glyph without our font."""
    assert visit.page.evaluate("document.fonts.ready.then(() => document.fonts.size)") == 2
    assert visit.page.evaluate("document.fonts.check('16px \"Privdom Sans SC\"', '私域流失')")
    fonts = _fonts_used(visit.page, "main")
    assert {name for name, custom in fonts if custom} == {"Privdom Sans SC"}
    assert {name for name, custom in fonts if not custom} == set()


def _fonts_used(page: Any, selector: str) -> set[tuple[str, bool]]:
    """Fonts that Chromium drew the text below ``selector`` with, and whether each is the page's."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    found = session.send(
        "DOM.querySelectorAll", {"nodeId": root, "selector": f"{selector} *:not(code, pre, pre *)"}
    )
    fonts = set()
    for node in found["nodeIds"]:
        for font in session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]:
            fonts.add((font["familyName"], font["isCustomFont"]))
    return fonts


def test_links_of_the_contents_lead_to_their_headings(report: Visit) -> None:
    report.page.click(".contents a")
    assert report.page.url.endswith("#section-1")
    top = report.page.eval_on_selector("#section-1", "e => e.getBoundingClientRect().top")
    assert 0 <= top < 900


def test_answers_lead_to_their_cards(report: Visit) -> None:
    report.page.click(".answers a")
    assert report.page.url.endswith("#finding-states")
    assert report.page.locator("#finding-states").is_visible()


def test_the_link_of_the_index_leads_to_the_card(browser: Any, site: Path) -> None:
    one = Visit(browser, site / "index.html", 1280)
    one.page.click(".ranked a")
    assert one.page.url.endswith("/01.html#finding-states")
    one.page.close()


def test_code_is_folded_until_asked_for(report: Visit) -> None:
    code = report.page.locator("details.code pre").first
    assert not code.is_visible()
    report.page.locator("details.code summary").first.click()
    assert code.is_visible()


def test_contents_stay_in_view_on_a_wide_screen(report: Visit) -> None:
    report.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    top = report.page.eval_on_selector(".contents", "e => e.getBoundingClientRect().top")
    assert 0 <= top < 900
    assert report.display(".contents-phone") == "none"


def test_contents_work_on_a_phone(phone: Visit) -> None:
    assert phone.display(".side") == "none"
    phone.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    top = phone.page.eval_on_selector(".contents-phone", "e => e.getBoundingClientRect().top")
    assert top == 0
    phone.page.click(".contents-phone summary")
    phone.page.click(".contents-phone a")
    assert phone.page.url.endswith("#section-1")
    assert not phone.page.evaluate("document.querySelector('.contents-phone').open")


def test_a_phone_needs_no_sideways_scrolling(phone: Visit) -> None:
    width = phone.page.evaluate("document.documentElement.scrollWidth")
    assert width == 390


def test_every_picture_has_alt_text_and_is_drawn(report: Visit) -> None:
    pictures = report.page.evaluate(
        "[...document.images].map(i => [i.alt, i.complete && i.naturalWidth])"
    )
    assert pictures == [["客户状态分布", 1152]]


def test_print_leaves_out_contents_and_code(report: Visit) -> None:
    report.page.emulate_media(media="print")
    for selector in (".side", ".contents-phone", "details.code"):
        assert report.display(selector) == "none"
    assert report.page.locator(".finding").is_visible()
    assert report.page.pdf().startswith(b"%PDF")
