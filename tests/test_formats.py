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
