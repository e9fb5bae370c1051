"""An executed notebook as one page."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from report_samples import PNG, executed_notebook

from privdom_kit.report import rendering

CHINESE = {
    "# Who are they?\n\nThe introduction.": "# 他们是谁？\n\n导语。",
    "## How many are lost?\n\nA text.": "## 流失了多少？\n\n正文。",
}


def _page(*cells: Any, language: str = "en") -> BeautifulSoup:
    html = rendering.page_html(
        executed_notebook(*cells),
        language=language,
        brand="驼小满",
        as_of="2026-05-31",
        name="01_user_layering",
        home="index.html",
    )
    return BeautifulSoup(html, "html.parser")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalogue that knows the cells of the sample."""
    real = rendering.translate
    monkeypatch.setattr(
        rendering,
        "translate",
        lambda words, language: (
            CHINESE.get(words) if language == "zh" and words in CHINESE else real(words, language)
        ),
    )


def test_the_first_screen_has_title_brand_date_and_answers() -> None:
    soup = _page()
    assert soup.html["lang"] == "en-GB"
    assert soup.title.text == "Who are they? · 驼小满"
    assert soup.h1.text == "Who are they?"
    assert "Data up to 2026-05-31" in soup.header.text
    assert "The introduction." in soup.header.text
    answer = soup.select_one(".answers li")
    assert answer.get_text(" ", strip=True) == "▲ Act 流失占三成"
    assert soup.find(id=answer.a["href"].removeprefix("#")).h3.text == "流失占三成"


def test_the_page_in_chinese(chinese: None) -> None:
    soup = _page(language="zh")
    assert soup.html["lang"] == "zh-CN"
    assert soup.title.text == "他们是谁？ · 驼小满"
    assert soup.select_one("main h2#section-1").text == "流失了多少？"
    assert soup.select_one(".contents a").text == "流失了多少？"
    assert [s.text for s in soup.select("details.code > summary")] == ["参数与准备", "计算过程"]
    assert soup.select_one(".answers .badge").get_text(" ", strip=True) == "▲ 需行动"


def test_the_contents_link_to_headings_whose_ids_do_not_depend_on_the_language() -> None:
    soup = _page(new_markdown_cell("### A `code` & more"))
    links = {a["href"]: a.text for a in soup.select(".contents a")}
    assert links == {"#section-1": "How many are lost?", "#section-2": "A code & more"}
    assert [a["href"] for a in soup.select(".contents-phone a")] == list(links)
    assert soup.find(id="section-2").name == "h3"


def test_code_is_folded_behind_what_it_shows() -> None:
    soup = _page()
    setup, computed = soup.select("details.code")
    assert not setup.has_attr("open")
    assert not computed.has_attr("open")
    assert setup.summary.text == "Parameters and set-up"
    assert "import" in setup.text
    assert computed.summary.text == "How this was computed"
    assert "measure_states" in computed.text
    assert "describe_states" in computed.text
    order = [tag for tag in soup.main.find_all(["figure", "details"]) if tag is not setup]
    assert [tag.name for tag in order] == ["figure", "details"]
    assert not [pre for pre in soup.find_all("pre") if pre.find_parent("details") is None]


def test_every_picture_has_its_alt_text() -> None:
    plain = new_output("display_data", data={"image/png": PNG, "text/plain": "A plain chart"})
    soup = _page(new_code_cell("plot()", outputs=[plain]))
    alts = [img["alt"] for img in soup.find_all("img")]
    assert alts == ["Customers by state. 流失占三成", "A plain chart"]


def test_a_wide_picture_is_a_page_of_its_own() -> None:
    """A chart of the text's column is 720 wide; a sheet is scrolled, and printed on A3."""
    outputs = [
        new_output(
            "display_data", data={"image/png": PNG}, metadata={"image/png": {"width": width}}
        )
        for width in (720, 1654)
    ]
    soup = _page(new_code_cell("plot()", outputs=outputs))
    classes = [" ".join(figure["class"]) for figure in soup.find_all("figure")]
    assert classes[-2:] == ["chart", "chart sheet"]
    assert "@page sheet { size: A3 landscape;" in soup.find("style").text


def test_the_policy_forbids_every_request_and_allows_one_script() -> None:
    soup = _page()
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; base-uri 'none'; form-action 'none';")
    sources = re.findall(r"(\w+)-src ([^;]+)", policy)
    assert dict(sources)["img"] == dict(sources)["font"] == "data:"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/=]{44}'", dict(sources)["script"])
    assert len(soup.find_all("script")) == 1


def test_nothing_on_the_page_points_outside() -> None:
    soup = _page()
    assert not soup.find_all(["link", "iframe", "object", "embed", "video", "audio"])
    sources = [tag["src"] for tag in soup.find_all(src=True)]
    assert all(source.startswith("data:image/") for source in sources)
    styles = "".join(tag.text for tag in soup.find_all("style"))
    assert "@import" not in styles
    assert re.findall(r"url\((?!\"data:)", styles) == []
    assert "://" not in re.sub(r"base64,[^\"]+", "", str(soup))


def test_an_error_is_told_without_its_traceback_and_paths() -> None:
    error = new_output(
        "error",
        ename="DataError",
        evalue="\x1b[31m/home/kim/a/orders.csv has <b>no</b> rows.",
        traceback=["File /home/kim/privdom/x.py, line 3"],
    )
    soup = _page(new_code_cell("boom()", outputs=[error]))
    problem = soup.select_one(".problem").get_text(" ", strip=True)
    assert problem == "This part could not be computed. orders.csv has <b>no</b> rows."
    assert "/home/kim" not in str(soup)


def test_streams_are_escaped_and_warnings_are_folded() -> None:
    out = new_output("stream", name="stdout", text="<script>a()</script>")
    err = new_output("stream", name="stderr", text="/usr/lib/py/warn.py:3: careful")
    soup = _page(new_code_cell("run()", outputs=[out, err]))
    assert len(soup.find_all("script")) == 1
    assert "<script>a()</script>" in soup.select_one("pre.output").text
    folded = soup.find("summary", string="Messages while computing").parent
    assert folded.pre.text == "warn.py:3: careful"


def test_html_of_outputs_is_sanitised_and_scripts_are_not_shown() -> None:
    html = new_output(
        "display_data", data={"text/html": "<b onclick=a()>x</b><script>a()</script>"}
    )
    script = new_output("display_data", data={"application/javascript": "a()"})
    with pytest.warns(UserWarning, match="not able to be represented"):
        soup = _page(new_code_cell("x", outputs=[html, script]))
    assert len(soup.find_all("script")) == 1
    assert "onclick" not in str(soup)


def test_a_notebook_without_a_heading_is_titled_by_its_name() -> None:
    nb = new_notebook(cells=[new_code_cell("1")])
    page = rendering.page_html(
        nb, language="zh", brand="b", as_of="2026-05-31", name="01_user_layering"
    )
    soup = BeautifulSoup(page, "html.parser")
    assert soup.h1.text == "用户分层"
    assert soup.nav is None


def test_the_brand_is_escaped() -> None:
    html = rendering.page_html(
        executed_notebook(), language="en", brand="<script>x", as_of="2026-05-31", name="n"
    )
    assert "&lt;script&gt;x" in html
    assert "<script>x" not in html


def test_the_file_is_written_and_the_exporter_is_reused(tmp_path: Path) -> None:
    nbformat.write(executed_notebook(), tmp_path / "01.ipynb")
    for name in ("a.html", "b.html"):
        rendering.render_report(
            tmp_path / "01.ipynb", tmp_path / name, language="zh", brand="驼", as_of="2026-05-31"
        )
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert rendering._exporter.cache_info().currsize == 1
    assert (tmp_path / "a.html").stat().st_size < 200_000


def test_cells_without_output_join_the_next_that_has_some() -> None:
    shown = [new_output("stream", name="stdout", text="x")]
    cells = [
        new_code_cell("a"),
        new_code_cell("b", outputs=shown),
        new_code_cell("c"),
        new_markdown_cell("text"),
        new_code_cell(""),
        new_code_cell("d"),
    ]
    folded = rendering.fold_code(cells)
    sources = [cell.metadata.get("privdom", {}).get("sources") for cell in folded]
    assert sources == [["a", "b"], ["c"], None, ["d"]]
