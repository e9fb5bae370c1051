"""The shipped font and its subsets."""

import base64
import io
import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from privdom_kit.report.catalogue import read
from privdom_kit.report.webfont import font_face_css, font_path, missing_glyphs


def _codepoints(css: str, weight: int) -> set[int]:
    face = next(rule for rule in css.splitlines() if f"font-weight: {weight}" in rule)
    data = re.search(r"base64,([^\"]+)", face)
    assert data is not None
    return set(TTFont(io.BytesIO(base64.b64decode(data[1]))).getBestCmap())


@pytest.mark.parametrize("style", ["Regular", "Bold"])
def test_the_shipped_font_holds_gb2312(style: str) -> None:
    """Parent: the character set as Python's own gb2312 codec defines it (6,763 hanzi)."""
    pairs = (bytes((high, low)) for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF))
    hanzi = {ord(pair.decode("gb2312", "ignore") or " ") for pair in pairs} - {32}
    assert len(hanzi) == 6763
    assert hanzi <= set(TTFont(font_path(style), lazy=True).getBestCmap())


def test_the_licence_stands_beside_the_font_and_the_reserved_name_is_not_used() -> None:
    folder = font_path("Regular").parent
    assert "SIL OPEN FONT LICENSE Version 1.1" in (folder / "OFL.txt").read_text("utf-8")
    names = TTFont(font_path("Regular"), lazy=True)["name"]
    assert names.getDebugName(1) == "Privdom Sans SC"
    assert "Reserved Font Name 'Source'" in names.getDebugName(0)


def test_a_page_carries_the_glyphs_that_it_shows_and_no_others() -> None:
    css = font_face_css("<h2>留存</h2><p>流失 &amp; 7% <strong>占比</strong></p>")
    always = set(map(ord, "0123456789.•–-…"))
    assert _codepoints(css, 400) - always == set(map(ord, "留存流失占比&% "))
    assert _codepoints(css, 700) - always == set(map(ord, "留存占比"))


def test_a_glyph_that_the_font_lacks_is_named() -> None:
    assert missing_glyphs("驼小满 蘭 囍 ¥1.2万（−3）\n𠮷") == {"𠮷"}


def test_every_character_of_the_catalogue_can_be_drawn() -> None:
    texts = [str(message.string) + str(message.id) for message in read()]
    assert missing_glyphs("".join(texts)) == set()


def test_the_fonts_can_be_made_again() -> None:
    script = Path(font_path("Regular").parent / "make_fonts.py").read_text("utf-8")
    readme = Path(font_path("Regular").parent / "README.md").read_text("utf-8")
    assert "def charset" in script
    assert "make_fonts.py" in readme
