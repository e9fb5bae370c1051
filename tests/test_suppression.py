"""Small cells stay hidden, also from somebody who subtracts."""

from __future__ import annotations

import itertools

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit.suppression import suppress, suppression_note


def test_a_lone_small_cell_takes_the_next_smallest_with_it() -> None:
    """4 < 10 goes; 100 - (30 + 46) would give it back, so 20 goes as well."""
    table = pd.DataFrame(
        {"state": list("abcd"), "customers": [4, 20, 30, 46], "share": [0.04, 0.2, 0.3, 0.46]}
    )
    shown, cells = suppress(table, "customers", ["share"], 10)
    assert shown["customers"].isna().tolist() == [True, True, False, False]
    assert shown["share"].isna().tolist() == [True, True, False, False]
    assert cells == 2
    assert table["customers"].tolist() == [4, 20, 30, 46]


def test_two_small_cells_may_not_be_a_small_sum() -> None:
    """3 + 4 = 7 people in two cells would still be told by the total: 50 goes as well."""
    shown, cells = suppress(pd.DataFrame({"customers": [3, 4, 50, 60]}), "customers", [], 10)
    assert shown["customers"].isna().tolist() == [True, True, True, False]
    assert cells == 3


def test_zero_and_exactly_the_least_are_shown() -> None:
    shown, cells = suppress(pd.DataFrame({"customers": [0, 10, 12]}), "customers", [], 10)
    assert shown["customers"].tolist() == [0, 10, 12]
    assert cells == 0
    assert suppression_note(0, 10) == ()


def test_the_note_says_how_many() -> None:
    assert suppression_note(2, 10)[0].render("en") == (
        "Suppressed to protect people: 2 cells "
        "(fewer than 10 people, or a cell that would reveal one)."
    )


crosses = st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=2, max_size=5)


@given(crosses)
def test_subtraction_from_row_and_column_totals_gives_nobody_away(cells: list[list[int]]) -> None:
    """The attacker knows every row and column total and every shown cell.

    What he learns of the hidden cells of a line is their sum: it must be of two cells or more
    and of ten people or more, or the line's own total is small and is nothing we show.
    """
    rows = [
        {"row": r, "column": c, "customers": n}
        for r, line in enumerate(cells)
        for c, n in enumerate(line)
    ]
    table = pd.DataFrame(rows)
    shown, _ = suppress(table, "customers", [], 10, groups=(("row",), ("column",)))
    assert not ((shown["customers"] > 0) & (shown["customers"] < 10)).any()
    hidden = shown["customers"].isna()
    for by in ("row", "column"):
        for _, line in table[hidden].groupby(by):
            total = table.loc[table[by] == line[by].iloc[0], "customers"].sum()
            assert (
                total < 10
                or (len(line) >= 2 and line["customers"].sum() >= 10)
                or (line["customers"].sum() == total)
            )


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6))
def test_no_subset_of_shown_cells_isolates_a_small_one(counts: list[int]) -> None:
    """Brute force over every sum of shown cells: total minus it is never 1 to 9 people."""
    shown, _ = suppress(pd.DataFrame({"customers": counts}), "customers", [], 10)
    visible = shown["customers"].dropna().tolist()
    hidden = len(counts) - len(visible)
    if hidden and sum(counts) >= 10:
        rest = sum(counts) - sum(visible)
        assert hidden >= 2 and rest >= 10
    for size in range(len(visible) + 1):
        assert all(
            n == 0 or n >= 10 for subset in itertools.combinations(visible, size) for n in subset
        )
