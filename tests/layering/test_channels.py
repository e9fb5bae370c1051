"""Layers by channel: counts by hand, comparisons against formulas, and nobody by subtraction."""

from __future__ import annotations

import pandas as pd
import pytest
from client_tables import orders

from privdom_kit.estimates import difference_interval, equality_test
from privdom_kit.layering.measure_channels import measure_channel_layers
from privdom_kit.layering.measure_five_states import measure_states
from privdom_kit.results import Verdict


def brand() -> dict[str, pd.DataFrame]:
    """As of 1000, cycle 10.

    1: added by qr on 900, again by card on 950 (kept): qr, since it came first. 2: added by card
    and removed: card, not kept. 3: never added, first order on jd, second on wx: jd. 4: added
    without a way, bought on wx: wx. 5: a member only: unknown.
    """
    contacts = pd.DataFrame(
        {
            "customer": [1, 1, 2, 4],
            "added_on": [900, 950, 960, 970],
            "add_way": ["qr", "card", "card", None],
            "removed_at": pd.array([930 * 86_400, None, 990 * 86_400, None], dtype="Int64"),
        }
    )
    bought = orders(
        (3, 800, 10), (3, 850, 30), (4, 999, 50), (1, 700, 20),
        platform=["jd", "wx", "wx", "wx"],
    )  # fmt: skip
    members = pd.DataFrame({"customer": [5], "registered_on": [995]})
    return {"contacts": contacts, "orders": bought, "members": members}


def test_channels_by_hand(summarise) -> None:
    base, rules = summarise(brand(), 1000, cycle_days=10)
    result = measure_channel_layers(base, rules)
    table = result.table.set_index("channel")
    assert table["channel_source"].to_dict() == {
        "qr": "add_way", "card": "add_way", "jd": "platform", "wx": "platform",
        "unknown": "unknown",
    }  # fmt: skip
    columns = ["customers", "buyers", "repeat_customers", "contacts", "kept_contacts"]
    columns += ["ripe_buyers", "second_purchase_customers", "net_spend"]
    assert {c: row[columns].tolist() for c, row in table.iterrows()} == {
        "qr": [1, 1, 0, 1, 1, 1, 0, 20],
        "card": [1, 0, 0, 1, 0, 0, 0, 0],
        "jd": [1, 1, 1, 0, 0, 1, 1, 40],
        "wx": [1, 1, 0, 1, 1, 0, 0, 50],
        "unknown": [1, 0, 0, 0, 0, 0, 0, 0],
    }
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    states = result.tables["states"]
    found = states[states["customers"] > 0].set_index("channel")["state"]
    assert found.to_dict() == {
        "qr": "lapsed", "card": "lapsed", "jd": "lapsed", "wx": "active", "unknown": "retained",
    }  # fmt: skip


def test_the_channel_may_be_the_entry_code(summarise) -> None:
    frames = brand()
    frames["contacts"]["entry_code"] = ["store7", "store7", "parcel", "parcel"]
    base, rules = summarise(frames, 1000, cycle_days=10, channel_column="entry_code")
    table = measure_channel_layers(base, rules).table.set_index("channel")
    assert table["customers"].to_dict() == {"parcel": 2, "store7": 1, "jd": 1, "unknown": 1}


def three_channels(second: tuple[int, int, int]) -> dict[str, pd.DataFrame]:
    """200 buyers a channel, all watched in full; so many of each bought again after 30 days."""
    contacts, rows = [], []
    for place, (way, again) in enumerate(zip(("a", "b", "c"), second, strict=True)):
        people = range(1000 * place, 1000 * place + 200)
        contacts += [(c, 600, way) for c in people]
        rows += [(c, 700, 10) for c in people] + [(c, 730, 10) for c in people[:again]]
    columns = ["customer", "added_on", "add_way"]
    return {"contacts": pd.DataFrame(contacts, columns=columns), "orders": orders(*rows)}


def test_a_weak_channel_is_found_and_corrected_for_looking_thrice(summarise) -> None:
    """c: 40 of 200 against 200 of 400. Holm: the smallest of three p-values times three."""
    base, rules = summarise(three_channels((100, 100, 40)), 1000, cycle_days=30)
    result = measure_channel_layers(base, rules)
    row = result.table.set_index("channel").loc["c"]
    test = equality_test(40, 200, 200, 400)
    interval = difference_interval(40, 200, 200, 400, level=1 - 0.05 / 3)
    assert row["p_value_adjusted"] == pytest.approx(3 * test.p_value)
    assert row["difference"] == pytest.approx(-0.3)
    assert row["difference_ci_upper"] == pytest.approx(interval.upper)
    assert result.figures["weak_channels"] == 1
    assert result.verdict is Verdict.ACT


def test_equal_channels_are_not_proven_equal_by_few(summarise) -> None:
    """100 of 200 each: differences of 0, but intervals of +-10 points exceed the 5 allowed."""
    base, rules = summarise(three_channels((100, 100, 100)), 1000, cycle_days=30)
    assert measure_channel_layers(base, rules).verdict is Verdict.WATCH
    base, rules = summarise(
        three_channels((100, 100, 100)), 1000, cycle_days=30, channel_tolerance=0.2
    )
    assert measure_channel_layers(base, rules).verdict is Verdict.CLEAR


def test_small_channels_and_cells_cannot_be_had_by_subtraction(summarise) -> None:
    """Channels of 4, 12, 30 and 60 people: 4 is small, 12 goes with it, nothing of theirs stays.

    The attacker has every total of the states question and every shown cell of channel x state.
    """
    contacts = [(1000 * p + i, 995 - 20 * (i % 3), way)
                for p, (way, n) in enumerate({"a": 4, "b": 12, "c": 30, "d": 60}.items())
                for i in range(n)]  # fmt: skip
    frames = {"contacts": pd.DataFrame(contacts, columns=["customer", "added_on", "add_way"])}
    base, rules = summarise(frames, 1000, cycle_days=10, privacy={"min_cell": 10})
    result = measure_channel_layers(base, rules)
    table = result.table.set_index("channel")
    hidden = table["customers"].isna()
    assert hidden.to_dict() == {"d": False, "c": False, "b": True, "a": True}
    keep = ["channel_source", "known_people"]
    assert table.loc[hidden].drop(columns=keep).isna().all(axis=None)
    states = result.tables["states"]
    assert states.loc[states["channel"].isin(["a", "b"]), "customers"].isna().all()
    totals = measure_states(base, rules).table.set_index("state")["customers"]
    for state, part in states.groupby("state"):
        missing = part["customers"].isna().sum()
        if missing and pd.notna(totals[state]):
            assert missing >= 2
            assert totals[state] - part["customers"].sum() in {0} | set(range(10, 107))


def test_without_contacts_or_cycle_it_says_so(summarise) -> None:
    frames = {"orders": orders((1, 5, 10), platform=["jd"])}
    base, rules = summarise(frames, 1000)
    result = measure_channel_layers(base, rules)
    assert result.tables == {}
    notes = [note.render("en") for note in result.notes]
    assert "No order cycle could be measured, so channels are not split by state." in notes
    assert any("platform of the first order" in note for note in notes)
