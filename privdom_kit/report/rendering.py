"""An executed notebook as one self-contained page that makes no request.

nbconvert writes the cells with the template in ``templates/privdom``; ``page.html.j2`` is the
frame. The answers stand first, the computation is folded away behind them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.labels import heading
from privdom_kit.messages import msg, translate
from privdom_kit.report.pages import TEMPLATES, fill_page, trusted
from privdom_kit.report.sanitise import clean_html, markdown_html, scrub
from privdom_kit.report.show import anchor
from privdom_kit.report.theme import VERDICT_SIGNS

if TYPE_CHECKING:
    from nbconvert.exporters import TemplateExporter
    from nbformat import NotebookNode

_HEADING = re.compile(r"<h([1-4])>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_SETUP_TAGS = frozenset({"parameters", "injected-parameters"})
# Width in CSS pixels from which on a picture is a page of its own (a chart of the text is 720).
_SHEET = 1200
_WORDS = {
    "computed": msg("How this was computed"),
    "setup": msg("Parameters and set-up"),
    "messages": msg("Messages while computing"),
    "failed": msg("This part could not be computed."),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the table of contents."""

    level: int
    text: str
    anchor: str


def render_report(
    notebook: Path, html: Path, *, language: str, brand: str, as_of: str, home: str = "index.html"
) -> None:
    """Write the page of an executed notebook.

    Args:
        notebook: The executed ``.ipynb``; its findings are in ``language`` already.
        html: Where to write.
        language: zh or en; Markdown cells are translated by the catalogue.
        brand: Name of the client's brand, as shown.
        as_of: Last day of the data, ISO.
        home: Link to the page of all findings; empty for none.
    """
    import nbformat

    nb = nbformat.read(notebook, as_version=4)
    page = page_html(nb, language=language, brand=brand, as_of=as_of, name=notebook.stem, home=home)
    html.write_text(page, encoding="utf-8", newline="\n")


def page_html(
    nb: NotebookNode, *, language: str, brand: str, as_of: str, name: str, home: str = ""
) -> str:
    """The page of an executed notebook as text; ``name`` is its title where it has no heading."""
    contents: list[Entry] = []
    title, introduction, cells = _split(nb.cells, language, contents)
    nb.cells = fold_code(cells)
    words = {key: word.render(language) for key, word in _WORDS.items()}
    body, _ = _exporter().from_notebook_node(nb, resources={"words": words})
    return fill_page(
        "report.html.j2",
        language,
        title=title or heading(name, language),
        brand=brand,
        as_of=str(as_of),
        home=home,
        contents=contents,
        introduction=trusted(introduction),
        answers=_answers(cells, language),
        body=trusted(body),
    )


def fold_code(cells: list[Any]) -> list[Any]:
    """Gather the code: cells without output join the next one that has any, before the next text.

    Each code cell gets ``metadata.privdom`` with the sources to fold and the wording of the fold.
    """
    folded: list[Any] = []
    waiting: list[Any] = []
    for cell in cells:
        if cell.cell_type == "code":
            waiting.append(cell)
        if waiting and (cell.cell_type != "code" or cell.outputs):
            folded.append(_fold(waiting))
            waiting = []
        if cell.cell_type != "code":
            folded.append(cell)
    return [*folded, _fold(waiting)] if waiting else folded


def _fold(group: list[Any]) -> Any:
    cell = group[-1]
    tags = {tag for one in group for tag in one.metadata.get("tags", [])}
    sources = [one.source.strip() for one in group if one.source.strip()]
    cell.metadata["privdom"] = {
        "sources": sources,
        "fold": "setup" if tags & _SETUP_TAGS else "computed",
    }
    return cell


def _split(cells: list[Any], language: str, contents: list[Entry]) -> tuple[str, str, list[Any]]:
    """Title, introduction, and the other cells with their Markdown rendered."""
    title = introduction = ""
    rest = []
    for cell in cells:
        if cell.cell_type == "raw":
            continue
        if cell.cell_type == "markdown":
            html = markdown_html(translate(cell.source.strip(), language))
            if not title and (first := re.match(r"\s*<h1>(.*?)</h1>", html, re.DOTALL)):
                title, introduction = _plain(first[1]), html[first.end() :]
                continue
            cell.metadata["privdom"] = {"html": _anchor_headings(html, contents)}
        rest.append(cell)
    return title, introduction, rest


def _anchor_headings(html: str, contents: list[Entry]) -> str:
    """Give headings ids that are the same in every language, and list them."""

    def mark(match: re.Match[str]) -> str:
        entry = Entry(int(match[1]), _plain(match[2]), f"section-{len(contents) + 1}")
        contents.append(entry)
        return f'<h{match[1]} id="{entry.anchor}">{match[2]}</h{match[1]}>'

    return _HEADING.sub(mark, html)


def _plain(html: str) -> str:
    from html import unescape

    return unescape(_TAG.sub("", html)).strip()


def _answers(cells: list[Any], language: str) -> list[dict[str, str]]:
    """What each finding says, in the order of the page."""
    outputs = (output for cell in cells for output in cell.get("outputs", []))
    marks = [output.get("metadata", {}).get("privdom") for output in outputs]
    return [
        {
            "verdict": mark["verdict"],
            "verdict_label": heading(mark["verdict"], language),
            "sign": VERDICT_SIGNS[mark["verdict"]],
            "statement": mark["statement"],
            "anchor": anchor(mark["question"]),
        }
        for mark in marks
        if mark
    ]


def _alt_text(output: Any, mimetype: str) -> str:
    """The alt text of a picture: what it was shown with, else its plain text."""
    alt = output.get("metadata", {}).get(mimetype, {}).get("alt")
    return str(alt or output.data.get("text/plain", ""))


def _is_sheet(output: Any, mimetype: str) -> bool:
    """Whether a picture is a page of its own: too wide for the text's column, printed on A3."""
    return int(output.get("metadata", {}).get(mimetype, {}).get("width") or 0) >= _SHEET


@lru_cache(maxsize=1)
def _exporter() -> TemplateExporter:
    """The exporter of a page's body, made once a process."""
    from nbconvert.exporters import TemplateExporter
    from nbconvert.filters import Highlight2HTML
    from traitlets.config import Config

    priority = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg"]
    config = Config({"NbConvertBase": {"display_data_priority": [*priority, "text/plain"]}})
    exporter = TemplateExporter(
        config=config,
        template_name="privdom",
        template_file="index.html.j2",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    exporter.register_filter("safe_html", clean_html)
    exporter.register_filter("safe_markdown", markdown_html)
    exporter.register_filter("scrub", scrub)
    exporter.register_filter("alt_text", _alt_text)
    exporter.register_filter("is_sheet", _is_sheet)
    exporter.register_filter("highlight_code", Highlight2HTML(pygments_lexer="python"))
    return exporter
