"""Colours, axes and pictures."""

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from privdom_kit.report import theme
from privdom_kit.results import Verdict

pytestmark = pytest.mark.filterwarnings("error:Glyph")


def _linear(colour: str) -> np.ndarray:
    """SRGB to linear light (IEC 61966-2-1)."""
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def _luminance(colour: str) -> float:
    return float(_linear(colour) @ [0.2126, 0.7152, 0.0722])


def _lab(linear: np.ndarray) -> np.ndarray:
    """CIE 1976 L*a*b* under D65."""
    matrix = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    x, y, z = (matrix @ linear) / [0.9505, 1.0, 1.089]
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


# Machado, Oliveira and Fernandes 2009, severity 1.0.
COLOUR_BLIND = {
    "none": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


@pytest.mark.parametrize("sight", COLOUR_BLIND)
@pytest.mark.parametrize(
    "colours",
    [
        [theme.VERDICT_COLOURS[verdict] for verdict in ("act", "watch", "clear")],
        theme.CATEGORY_COLOURS,
        theme.LAYER_COLOURS,
    ],
    ids=["verdicts", "categories", "layers"],
)
def test_colours_are_told_apart_by_colour_blind_people(
    sight: str, colours: tuple[str, ...]
) -> None:
    """A CIE76 difference of 10 is seen at a glance; 2.3 is just noticeable (Mahy et al. 1994)."""
    seen = [_lab(np.clip(COLOUR_BLIND[sight] @ _linear(colour), 0, 1)) for colour in colours]
    gaps = [float(np.linalg.norm(a - b)) for i, a in enumerate(seen) for b in seen[:i]]
    assert min(gaps) > 10


@pytest.mark.parametrize(
    ("text", "ground"),
    [
        (theme.INK, theme.PAPER),
        (theme.MUTED, theme.PAPER),
        (theme.MUTED, theme.WASH),
        (theme.ACCENT, theme.PAPER),
        *((theme.VERDICT_TEXT_COLOURS[name], theme.VERDICT_COLOURS[name]) for name in Verdict),
    ],
)
def test_text_has_the_contrast_of_wcag_aa(text: str, ground: str) -> None:
    """WCAG 2.2, 1.4.3: (L1 + 0.05) / (L2 + 0.05) of at least 4.5 for body text."""
    darker, lighter = sorted((_luminance(text), _luminance(ground)))
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize("count", [1, 2, 5, 7])
def test_ordered_layers_grow_lighter(count: int) -> None:
    levels = [_luminance(colour) for colour in theme.layer_colours(count)]
    assert len(levels) == count
    assert levels == sorted(levels)


def _chart(title: str = "客户状态分布 −¥12.3万"):
    ax = theme.new_axes(grid="x")
    ax.barh(["高价值", "流失"], [412, 1917])
    theme.title_axes(ax, title, "6,012 位客户，截至 2026-05-31")
    return ax


def test_every_text_is_drawn_in_the_shipped_font() -> None:
    ax = _chart()
    theme.figure_png(ax)
    texts = [text for text in ax.figure.findobj(Text) if text.get_text()]
    assert {text.get_fontname() for text in texts} == {"Privdom Sans SC"}
    assert {"高价值", "流失"} <= {text.get_text() for text in texts}


def test_a_missing_glyph_warns_so_that_the_suite_can_fail() -> None:
    with pytest.warns(UserWarning, match="Glyph 134071"):
        theme.figure_png(_chart("𠮷野家"))


def test_the_picture_has_the_size_asked_for_and_is_the_same_each_time() -> None:
    ax = _chart()
    first = theme.figure_png(ax)
    assert Image.open(io.BytesIO(first)).size == (7.2 * theme.DPI, 3.6 * theme.DPI)
    assert theme.figure_png(ax) == first
    assert theme.figure_png(_chart()) == first


def test_the_title_starts_at_the_left_edge_of_the_figure() -> None:
    ax = _chart()
    theme.figure_png(ax)
    title = next(t for t in ax.findobj(Text) if t.get_text() == ax.get_title(loc="left"))
    box = title.get_window_extent()
    assert 0 <= box.x0 < 0.03 * ax.figure.bbox.width
    assert box.x0 < ax.get_window_extent().x0


def test_the_chart_states_source_and_title() -> None:
    ax = _chart("Customers by state")
    assert theme.chart_title(ax) == "Customers by state"
    assert ax.figure.get_supxlabel() == "6,012 位客户，截至 2026-05-31"


def test_axes_show_themselves_in_a_notebook_with_alt_text() -> None:
    data, metadata = _chart("Customers by state")._repr_mimebundle_()
    assert metadata["image/png"] == {"alt": "Customers by state", "width": 720}
    assert data["text/plain"] == "Customers by state"


def test_drawing_changes_no_setting_of_matplotlib() -> None:
    before = dict(mpl.rcParams)
    theme.figure_png(_chart())
    assert dict(mpl.rcParams) == before


def test_a_chart_needs_no_pyplot_and_the_import_no_matplotlib() -> None:
    code = (
        "import sys; from privdom_kit.report import theme; assert 'matplotlib' not in sys.modules;"
        "theme.figure_png(theme.new_axes()); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
