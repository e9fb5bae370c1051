"""Make the shipped fonts from Noto Sans SC: ``python make_fonts.py REGULAR.ttf BOLD.ttf``.

Run by hand when the character set changes; the result is kept in the repository (README.md).
"""

from __future__ import annotations

import sys
from pathlib import Path

FAMILY = "Privdom Sans SC"
HERE = Path(__file__).parent
# Latin, general punctuation, currency, arrows, operators, shapes, CJK punctuation, full width.
RANGES = (
    (0x20, 0x17F),
    (0x2010, 0x2027),
    (0x2030, 0x205E),
    (0x20A0, 0x20BF),
    (0x2100, 0x214F),
    (0x2160, 0x217F),
    (0x2190, 0x21FF),
    (0x2200, 0x22FF),
    (0x2460, 0x24FF),
    (0x25A0, 0x26FF),
    (0x2713, 0x2718),
    (0x3000, 0x303F),
    (0xFF01, 0xFFEF),
)
# Frequent in names of people and brands, and in neither of the two standards.
NAMES = "囍喆堃玥昇珺曌犇燚淼焱垚骉鱻羴琤祎翀旻昶炘煊珑瑢榕"


def charset() -> set[int]:
    """GB 2312, the everyday half of Big5 (names in traditional characters), and symbols."""
    points = set(map(ord, NAMES))
    points |= {point for low, high in RANGES for point in range(low, high + 1)}
    points |= _points("gb2312", range(0xA1, 0xF8), range(0xA1, 0xFF))
    return points | _points("big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *range(0xA1, 0xFF)])


def _points(codec: str, leads: range, trails: range | list[int]) -> set[int]:
    text = (bytes((lead, trail)).decode(codec, "ignore") for lead in leads for trail in trails)
    return {ord(character) for pair in text for character in pair}


def make(source: Path, style: str) -> Path:
    """Subset one static source font, rename it and write it beside this file."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    # recalcTimestamp off: the same source must give the same bytes.
    font = TTFont(source, recalcTimestamp=False)
    options = Options(
        layout_features=[], hinting=False, glyph_names=False, notdef_outline=True, name_IDs=[0, 13]
    )
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "STAT", "vhea", "vmtx", "prep", "gasp"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=charset())
    subsetter.subset(font)
    for name_id, text in _names(style).items():
        font["name"].setName(text, name_id, 3, 1, 0x409)
    target = HERE / f"PrivdomSansSC-{style}.ttf"
    font.save(target)
    return target


def _names(style: str) -> dict[int, str]:
    full = f"{FAMILY} {style}"
    postscript = f"{FAMILY.replace(' ', '')}-{style}"
    return {1: FAMILY, 2: style, 3: f"{full}, subset of Noto Sans SC", 4: full, 6: postscript}


if __name__ == "__main__":
    for path, style in zip(sys.argv[1:3], ("Regular", "Bold"), strict=True):
        target = make(Path(path), style)
        sys.stdout.write(f"{target.name}: {target.stat().st_size:,} bytes\n")
