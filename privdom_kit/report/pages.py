"""The templates of pages and cards: autoescaped, filled here and nowhere else."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.messages import translate
from privdom_kit.report import theme
from privdom_kit.report.webfont import BOLD_TAGS, FAMILY, font_face_css

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The Jinja environment: everything escaped, an undefined name is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES / "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def fill(template: str, language: str, **values: Any) -> str:
    """A template filled in ``language``; ``say`` in it translates a fixed text."""
    say = partial(translate, language=language)
    return environment().get_template(template).render(say=say, language=language, **values)


def fill_page(template: str, language: str, **values: Any) -> str:
    """A whole page: style sheet, subset fonts and a content policy that forbids every request.

    Args:
        template: A template that extends ``page.html.j2``.
        language: zh or en.
        values: What the template shows.
    """
    script = _read("page.js")
    style = environment().get_template("style.css.j2")
    css = style.render(theme=theme, family=FAMILY, bold=BOLD_TAGS)
    html = fill(
        template,
        language,
        locale={"zh": "zh-CN", "en": "en-GB"}[language],
        policy=_policy(script),
        css=trusted(css),
        script=trusted(script),
        fonts=trusted("@font-face{}"),
        **values,
    )
    return html.replace("@font-face{}", font_face_css(html), 1)


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        f"style-src 'unsafe-inline'; img-src data:; font-src data:; script-src 'sha256-{digest}'"
    )


@lru_cache(maxsize=4)
def _read(name: str) -> str:
    return (TEMPLATES / "page" / name).read_text(encoding="utf-8").strip()


def trusted(text: str) -> Any:
    """Text that is HTML already: our own, or escaped or sanitised before."""
    from markupsafe import Markup

    return Markup(text)
