"""Design tokens and the frame of every chart: one place for colours, sizes and the font.

No global matplotlib state is touched: figures are made without pyplot, and the font is applied when
a figure is drawn, so that a consultant's own charts in the same notebook stay as they are.
"""

from __future__ import annotations

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from privdom_kit.messages import Message
from privdom_kit.report.webfont import FAMILY, font_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1c2733"
MUTED = "#56616e"
RULE = "#d8dee5"
WASH = "#f4f6f8"
PAPER = "#ffffff"
ACCENT = "#1f4e79"

# Apart in lightness as well as in hue, and always beside a sign and a word.
VERDICT_COLOURS = {
    "act": "#a3260f",
    "watch": "#e3a008",
    "clear": "#00674a",
    "not_enough_data": "#56616e",
    "not_measured": "#56616e",
}
# What is written on them, with a contrast of 4.5 or more.
VERDICT_TEXT_COLOURS = {
    "act": PAPER,
    "watch": INK,
    "clear": PAPER,
    "not_enough_data": PAPER,
    "not_measured": PAPER,
}
VERDICT_SIGNS = {
    "act": "▲",
    "watch": "◆",
    "clear": "●",
    "not_enough_data": "○",
    "not_measured": "–",
}
# Ordered layers, best first: one hue, falling in lightness, so that they survive grey print.
LAYER_COLOURS = ("#0b3a5b", "#2b6a93", "#5e9fc0", "#9fc5d8", "#d3dee5")
# Unordered crowds: Okabe and Ito (2008), told apart by colour-blind people.
CATEGORY_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")

TEXT_SIZE = 10
TITLE_SIZE = 12.5
SOURCE_SIZE = 8.5
DPI = 160


def layer_colours(count: int) -> list[str]:
    """``count`` colours for ordered layers, best first, spread over the whole ramp."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    ramp = LinearSegmentedColormap.from_list("layers", LAYER_COLOURS)
    return [to_hex(ramp(i / max(count - 1, 1))) for i in range(count)]


def new_axes(width: float = 7.2, height: float = 3.6, grid: str = "y") -> Axes:
    """Empty axes in the house style on a figure of their own.

    Args:
        width: Width in inches; 7.2 fills a report's column.
        height: Height in inches.
        grid: Axis whose grid lines help reading: x, y, both or none.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08)
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor=PAPER)
    ax = figure.add_subplot(axes_class=_axes_class())
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(RULE)
    ax.tick_params(length=0, labelsize=TEXT_SIZE, labelcolor=INK)
    ax.xaxis.label.set(size=TEXT_SIZE, color=MUTED)
    ax.yaxis.label.set(size=TEXT_SIZE, color=MUTED)
    ax.set_axisbelow(True)
    if grid != "none":
        ax.grid(axis=grid, color=RULE, linewidth=0.7)  # type: ignore[arg-type]
    return ax


def title_axes(ax: Axes, title: Message | str, source: Message | str = "") -> None:
    """The title, at the left, and below the chart the line that says what is counted.

    Args:
        ax: The axes.
        title: What the chart shows; a Message is worded in the current language.
        source: Source and denominator, such as "6,012 customers, up to 2026-05-31".
    """
    ax.set_title(str(title), loc="left", fontsize=TITLE_SIZE, fontweight="bold", color=INK, pad=12)
    if str(source):
        ax.get_figure(root=True).supxlabel(  # type: ignore[union-attr]
            str(source), x=0.012, ha="left", fontsize=SOURCE_SIZE, color=MUTED
        )


def chart_title(ax: Axes) -> str:
    """The title of a chart, wherever it was put."""
    figure = ax.get_figure(root=True)
    return ax.get_title(loc="left") or ax.get_title() or (figure.get_suptitle() if figure else "")


def figure_png(ax: Axes) -> bytes:
    """The figure of ``ax`` as PNG, the same bytes for the same figure.

    A glyph that the fonts lack is a warning of matplotlib ("Glyph ... missing from font"); the test
    suite turns it into an error.
    """
    from matplotlib import rc_context

    figure = ax.get_figure(root=True)
    register_font()
    with rc_context({"font.family": [FAMILY, "DejaVu Sans"], "text.hinting": "none"}):
        _settle(figure)  # type: ignore[arg-type]
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})  # type: ignore[union-attr]
    return buffer.getvalue()


def figure_width(ax: Axes) -> int:
    """Width at which a page shows the figure, in CSS pixels."""
    return round(ax.get_figure(root=True).get_figwidth() * 100)  # type: ignore[union-attr]


@lru_cache(maxsize=1)
def register_font() -> str:
    """Make the shipped font known to matplotlib, once a process; returns its family name."""
    from matplotlib import font_manager

    for style in ("Regular", "Bold"):
        font_manager.fontManager.addfont(font_path(style))
    return FAMILY


def _settle(figure: Figure) -> None:
    """Apply the font, lay out once, then move titles to the left edge of the figure."""
    from matplotlib.text import Text

    _apply_font(figure)
    figure.draw_without_rendering()
    _apply_font(figure)  # ticks that the first drawing made
    figure.draw_without_rendering()
    if figure.get_layout_engine() is None or len(figure.axes) != 1:
        return
    figure.set_layout_engine("none")
    ax = figure.axes[0]
    left = ax.transAxes.inverted().transform(figure.transFigure.transform((0.012, 0)))[0]
    for text in ax.findobj(Text, include_self=False):
        if ax.get_title(loc="left") and text.get_text() == ax.get_title(loc="left"):
            text.set_x(left)


def _apply_font(figure: Figure) -> None:
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_fontfamily([FAMILY, "DejaVu Sans"])


@lru_cache(maxsize=1)
def _axes_class() -> type[Axes]:
    from matplotlib.axes import Axes

    class ReportAxes(Axes):
        """Axes that a notebook shows as a picture with alt text."""

        def _repr_mimebundle_(
            self, include: Any = None, exclude: Any = None
        ) -> tuple[dict[str, Any], dict[str, Any]]:
            return chart_bundle(self, chart_title(self))

    return ReportAxes


def chart_bundle(ax: Axes, alt: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Data and metadata of a notebook output: the picture, and ``alt`` as its text."""
    import base64

    png = base64.b64encode(figure_png(ax)).decode("ascii")
    return {"image/png": png, "text/plain": alt}, {
        "image/png": {"alt": alt, "width": figure_width(ax)}
    }
