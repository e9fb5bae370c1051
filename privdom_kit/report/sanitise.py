"""What may stand in a page: HTML of outputs and Markdown cut down to harmless markup."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_TAGS = """
a abbr b blockquote br caption code dd del details div dl dt em figure figcaption h1 h2 h3 h4 h5 h6
hr i img li ol p pre section small span strong sub summary sup table tbody td tfoot th thead tr ul
"""
_GLOBAL = frozenset({"class", "id", "title", "lang", "role"})
_BY_TAG = {
    "a": frozenset({"href"}),
    "img": frozenset({"alt", "src", "width"}),
    "ol": frozenset({"start"}),
    "td": frozenset({"colspan", "rowspan"}),
    "th": frozenset({"colspan", "rowspan", "scope"}),
    "div": frozenset({"tabindex"}),
}
# bleach keeps the text of a tag that it drops; of these the text is code.
_CODE = re.compile(r"<(script|style)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
# Two or more steps of an absolute path: /home/a/b.csv, C:\a\b.csv, ~/a/b.csv.
_PATH = re.compile(
    r"(?<![\w/\\.:])(?:[A-Za-z]:[\\/]+|~?/|\\\\)(?:[^\s'\"<>|:,;()/\\]+[/\\]+)+([^\s'\"<>|:,;()/\\]+)"
)


def clean_html(html: str) -> str:
    """HTML without scripts, styles, handlers, forms, frames or pictures from elsewhere."""
    return _cleaner().clean(_CODE.sub("", html))


def scrub(text: str) -> str:
    """Text with absolute paths cut to their last part: a report is no map of a machine."""
    return _PATH.sub(r"\1", text)


def markdown_html(source: str) -> str:
    """Markdown as HTML; raw HTML in it is shown as the text that it is."""
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(
        escape=True, allow_harmful_protocols=False, exclude_anchor_links=True
    )
    return clean_html(MarkdownWithMath(renderer=renderer).render(source))


@lru_cache(maxsize=1)
def _cleaner() -> Any:
    from bleach.sanitizer import Cleaner

    return Cleaner(
        tags=frozenset(_TAGS.split()),
        attributes=_allowed,
        protocols={"http", "https", "mailto", "data"},
        strip=True,
    )


def _allowed(tag: str, name: str, value: str) -> bool:
    if tag == "a" and name == "href":
        return not value.strip().lower().startswith("data:")
    if tag == "img" and name == "src":
        return value.startswith("data:image/")
    return name in _GLOBAL or name.startswith("aria-") or name in _BY_TAG.get(tag, frozenset())
