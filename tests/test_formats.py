"""Numbers in the reader's words; expected texts were written by hand."""

import pytest

from privdom_kit.formats import format_value


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "< 0.001"), (0.000_999, "< 0.001"), (0.001, "0.001"), (0.0634, "0.063"), (1.0, "1.000")],
)
def test_a_p_value_is_never_shown_as_nothing(value, words):
    assert format_value(value, "p_value", "en", "CNY") == words
    assert format_value(value, "p_value", "zh", "CNY") == words


@pytest.mark.parametrize(
    ("value", "kind", "en", "zh"),
    [
        (0.0123, "fine_points", "+1.2 points", "+1.2 个百分点"),
        (-0.00041, "fine_points", "-0.04 points", "-0.04 个百分点"),
        (0.0, "fine_points", "+0.00 points", "+0.00 个百分点"),
        (-0.005, "fine_gap", "0.50 points", "0.50 个百分点"),
    ],
)
def test_small_differences_keep_two_decimals(value, kind, en, zh):
    assert format_value(value, kind, "en") == en
    assert format_value(value, kind, "zh") == zh
