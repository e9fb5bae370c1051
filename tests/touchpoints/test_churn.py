"""Removals over tenure: product-limit, who counts as removed, lines, groups, handovers, money."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator

import client_tables
import numpy as np
import pandas as pd
import pytest
from client_tables import day, orders
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from privdom_kit import touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.relations.spells import ENDINGS, person_spells, read_contacts
from privdom_kit.results import Verdict

AS_OF = 1_000
SMALL = {"churn_min_relations": 2, "churn_min_at_risk": 1}


@pytest.fixture
def make() -> Iterator:
    with closing(connect()) as connection:

        def brand(frames: dict, as_of: int = AS_OF, **options):
            rules = {**SMALL, **options.pop("touchpoints", {})}
            return client_tables.base(connection, frames, as_of, touchpoints=rules, **options)

        yield brand


def contacts(*rows: tuple, **columns: list) -> pd.DataFrame:
    """``(customer, staff, added, removed or None, by or None)`` rows."""
    names = ["customer", "staff_id", "added_on", "removed_on", "removed_by"]
    frame = pd.DataFrame(rows, columns=names)
    frame["staff_id"] = frame["staff_id"].map(str)
    frame["removed_on"] = frame["removed_on"].astype("Int64")
    frame["removed_by"] = frame["removed_by"].astype(object)
    return frame.assign(**columns)


def churn(made: tuple):
    return touchpoints.measure_churn(*made)


def shares(result, unit: str = "relation") -> dict[int, float]:
    rows = result.table[result.table["unit"] == unit]
    return dict(zip(rows["days"], rows["removed_share"], strict=True))


def test_product_limit_by_hand(make) -> None:
    """Ten relations: removed on day 3; transfer on 5 and staff on 6 censor; removed on day 20.

    S(7) = 9/10. At day 20 seven are left: S(30) = 9/10 x 6/7.
    """
    rows = [(0, 1, 900, 903, "customer"), (1, 1, 900, 905, "transfer"), (2, 1, 900, 906, "staff")]
    rows += [(3, 1, 900, 920, "customer")] + [(c, 1, 900, None, None) for c in range(4, 10)]
    result = churn(make({"contacts": contacts(*rows)}))
    found = shares(result)
    assert found[7] == pytest.approx(0.1)
    assert found[30] == pytest.approx(1 - 0.9 * 6 / 7)
    assert np.isnan(found[180])
    ended = dict(result.tables["endings"].itertuples(index=False))
    assert ended == {"standing": 6, "customer": 2, "staff": 1, "transfer": 1}
    row = result.table[(result.table["unit"] == "relation") & (result.table["days"] == 30)].iloc[0]
    assert (row["removed"], row["watched"]) == (2, 6)


def test_product_limit_as_statsmodels_has_it(make) -> None:
    """400 relations with random ends and endings, against statsmodels' SurvfuncRight."""
    draw = np.random.default_rng(7)
    added = draw.integers(700, AS_OF, 400)
    gone = added + draw.geometric(0.01, 400)
    by = draw.choice(["customer", "staff", "transfer"], 400, p=[0.7, 0.15, 0.15])
    rows = [
        (i, i % 3, int(a), int(g) if g <= AS_OF else None, w if g <= AS_OF else None)
        for i, (a, g, w) in enumerate(zip(added, gone, by, strict=True))
    ]
    found = shares(churn(make({"contacts": contacts(*rows)})))
    tenure = np.minimum(gone, AS_OF) - added
    theirs = SurvfuncRight(tenure, (gone <= AS_OF) & (by == "customer"))
    for days in (7, 30, 90, 180):
        at = theirs.surv_prob[theirs.surv_times <= days]
        assert found[days] == pytest.approx(1 - (at[-1] if len(at) else 1)), days


def test_late_entry_as_statsmodels_has_it(make) -> None:
    """Records from day 850 on: relations enter with the tenure that they had then.

    Those that ended before are not in the file; leaving late entry out would take the faithful
    half for all.
    """
    draw = np.random.default_rng(8)
    added = draw.integers(600, AS_OF, 900)
    gone = added + draw.geometric(0.01, 900)
    kept = gone >= 850
    added, gone = added[kept], gone[kept]
    rows = [
        (i, 1, int(a), int(g) if g <= AS_OF else None, "customer" if g <= AS_OF else None)
        for i, (a, g) in enumerate(zip(added, gone, strict=True))
    ]
    start = dt.date(1970, 1, 1) + dt.timedelta(days=850)
    stated = {"churn_records_from": start}
    found = shares(churn(make({"contacts": contacts(*rows)}, touchpoints=stated)))
    tenure, entry = np.minimum(gone, AS_OF) - added, np.maximum(850 - added, 0)
    # Their entry is exclusive: who enters at a time is at risk after it.
    theirs = SurvfuncRight(tenure, gone <= AS_OF, entry=entry - 0.5)
    for days in (30, 90, 180):
        at = theirs.surv_prob[theirs.surv_times <= days]
        assert found[days] == pytest.approx(1 - at[-1]), days
    unstated = churn(make({"contacts": contacts(*rows)}))
    assert shares(unstated)[90] == pytest.approx(found[90], abs=0.03)
    assert "records seem to begin there" in unstated.notes[0].render("en")


def test_who_says_nothing_counts_as_the_customer(make) -> None:
    rows = [(c, 1, 900, 905 if c < 3 else None, None) for c in range(10)]
    result = churn(make({"contacts": contacts(*rows)}))
    assert shares(result)[7] == pytest.approx(0.3)
    assert result.figures["unsaid_removals"] == 3
    said = [note.render("en") for note in result.notes]
    assert (
        "Of 3 ended relations nobody says who ended them; they count as removed by the customer."
        in said
    )


def test_what_ends_after_as_of_still_stands(make) -> None:
    rows = [(0, 1, 990, 1_003, "customer"), (1, 1, 990, 1_000, "customer"), (2, 1, 990, None, None)]
    result = churn(make({"contacts": contacts(*rows)}))
    assert dict(result.tables["endings"].itertuples(index=False))["customer"] == 1


def test_a_relation_that_ends_before_it_began_is_left_out(make) -> None:
    rows = [(0, 1, 950, 940, "customer"), (1, 1, 950, None, None), (2, 1, 950, None, None)]
    result = churn(make({"contacts": contacts(*rows)}))
    assert result.coverage.dropped == {"ended before it began": 1}
    assert result.coverage.used == 2


def test_people_are_gone_with_their_last_relation(make) -> None:
    """0 removes one of two staff: stays. 1 removes both. 2 is handed over. 3 comes back."""
    rows = [
        *((0, 1, 900, 910, "customer"), (0, 2, 905, None, None)),
        *((1, 1, 900, 910, "customer"), (1, 2, 905, 920, "customer")),
        *((2, 1, 900, 910, "transfer"), (2, 2, 912, None, None)),
        *((3, 1, 900, 910, "customer"), (3, 1, 950, None, None)),
    ]
    result = churn(make({"contacts": contacts(*rows)}))
    figures = result.figures
    assert (figures["people"], figures["gone_people"], figures["returned_people"]) == (4, 2, 1)
    assert (figures["relations"], figures["removed"]) == (8, 4)
    assert shares(result, "person")[30] == pytest.approx(0.5)


def _spell(rows: list[tuple]) -> tuple:
    """Brute force: walk the relations until a day comes on which none stands."""
    rows = sorted(rows, key=lambda r: (r[0], r[1] if r[1] is not None else 10**9))
    started = rows[0][0]
    reach, kind = -1, ""
    for i, (begin, end, by) in enumerate(rows):
        if i and begin > reach:
            return started, reach, kind, 1
        stop = 10**9 if end is None else end
        if by == "transfer" and i + 1 < len(rows):
            stop = max(stop, rows[i + 1][0])
        order = ("transfer", "staff", "customer")
        rank = -1 if end is None else order.index(by)
        if (stop, rank) > (reach, -1 if kind in ("", "standing") else order.index(kind)):
            reach, kind = stop, "standing" if end is None else by
    return started, reach, kind, 0


SPELLS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 20),
        st.one_of(st.none(), st.integers(0, 8)),
        st.sampled_from(["customer", "staff", "transfer"]),
    ),
    min_size=1,
    max_size=12,
)


@given(SPELLS, st.randoms())
@settings(max_examples=12)
def test_spells_as_a_walk_finds_them(rows: list[tuple], mixed: random.Random) -> None:
    """Against a walk through each person's relations, in any order of the rows."""
    listed = [
        (c, i, 900 + a, None if n is None else 900 + a + n, None if n is None else by)
        for i, (c, a, n, by) in enumerate(rows)
    ]
    expected = {}
    for customer in {row[0] for row in listed}:
        own = [(a, e, by) for c, _, a, e, by in listed if c == customer]
        expected[customer] = _spell(own)
    mixed.shuffle(listed)
    with closing(connect()) as connection:
        made, _ = client_tables.base(connection, {"contacts": contacts(*listed)}, AS_OF)
        relations = read_contacts(made)
        assert relations is not None
        frame = person_spells(relations).collect("pandas").to_native()
    for row in frame.itertuples():
        begin, end, kind, later = expected[row.customer]
        stands = kind == "standing"
        assert (row.start_day, ENDINGS[row.ended]) == (begin, kind)
        assert stands or row.end // 86_400 == end
        assert row.returned == later


def test_the_lines_need_a_window(make) -> None:
    """37.5 % of 200 removed within 30 days: halfway between 15 % and 60 %."""
    rows = [
        (c, 1, 900, 910 if c < 75 else None, "customer" if c < 75 else None) for c in range(200)
    ]
    frames = {"contacts": contacts(*rows)}
    without = churn(make(frames))
    assert without.figures["severity"] is None
    assert without.figures["reference_share"] is None
    window = {"churn_reference_window_days": 30, "churn_min_relations": 100}
    stated = churn(make(frames, touchpoints=window))
    assert stated.figures["reference_share"] == pytest.approx(0.375)
    assert stated.figures["severity"] == pytest.approx(0.5)
    assert stated.verdict is Verdict.ACT
    few = contacts(*((c, 1, 900, 910 if c < 4 else None, "customer") for c in range(200)))
    few.loc[few["removed_on"].isna(), "removed_by"] = None
    calm = churn(make({"contacts": few}, touchpoints=window))
    assert calm.figures["severity"] == 0
    assert calm.verdict is Verdict.CLEAR


def test_a_difference_as_newcombe_published_it(make) -> None:
    """56 of 70 against 48 of 80: .0524 to .3339 (Newcombe 1998, method 10).

    Two comparisons (each code against the other) at 90 % are 95 % each after Bonferroni.
    """
    removed = [c < 56 for c in range(70)] + [c < 48 for c in range(80)]
    rows = [
        (c, 1, 900, 910 if gone else None, "customer" if gone else None)
        for c, gone in enumerate(removed)
    ]
    frame = contacts(*rows, entry_code=["card"] * 70 + ["live"] * 80)
    rules = {"confidence_level": 0.9, "churn_min_relations": 50, "churn_tolerance": 0.05}
    result = churn(make({"contacts": frame}, touchpoints=rules))
    row = result.tables["groups"].set_index("group").loc["card"]
    bounds = row[["difference", "difference_ci_lower", "difference_ci_upper"]].tolist()
    assert [round(x, 4) for x in bounds] == [0.2, 0.0524, 0.3339]
    assert bool(row["is_worse"]) is True
    assert result.verdict is Verdict.ACT
    assert result.figures["compared_groups"] == 2


def test_small_groups_are_shown_and_not_compared(make) -> None:
    rows = [
        (c, c % 2, 900, 910 if c < 6 else None, "customer" if c < 6 else None) for c in range(60)
    ]
    frame = contacts(*rows, entry_code=["card"] * 10 + ["live"] * 50)
    rules = {"churn_min_relations": 20}
    groups = churn(make({"contacts": frame}, touchpoints=rules)).tables["groups"]
    card = groups.set_index("group").loc["card"]
    assert card["removed_share"] == pytest.approx(0.6)
    assert np.isnan(card["difference"])


def test_the_smallest_codes_are_pooled(make) -> None:
    """40, 30, 20 and 10 relations; two are shown by name, the other 30 together."""
    codes = ["a"] * 40 + ["b"] * 30 + ["c"] * 20 + ["d"] * 10
    rows = [(c, 1, 900, None, None) for c in range(100)]
    rules = {"churn_most_groups": 2}
    result = churn(make({"contacts": contacts(*rows, entry_code=codes)}, touchpoints=rules))
    groups = result.tables["groups"]
    sizes = groups[groups["split"] == "entry_code"].set_index("group")["relations"].to_dict()
    assert sizes == {"a": 40, "b": 30, "other_groups": 30}


def test_months_by_hand(make) -> None:
    """Held on 1 February: 3 of January, one removed in it; one added and removed in it is neither.

    Held on 1 March: 2 of January and 1 of February; as_of 20 March leaves March open.
    """
    rows = [
        (0, 1, day("2026-01-05"), day("2026-02-10"), "customer"),
        (1, 1, day("2026-01-06"), None, None),
        (2, 1, day("2026-01-07"), day("2026-03-02"), "customer"),
        (3, 1, day("2026-02-03"), day("2026-02-05"), "customer"),
        (4, 1, day("2026-02-04"), None, None),
    ]
    months = churn(make({"contacts": contacts(*rows)}, day("2026-03-20"))).tables["months"]
    counted = months[["month", "held", "removed_of_held"]]
    assert list(counted.itertuples(index=False, name=None)) == [("2026-02", 3, 1)]
    assert months["removal_rate"].tolist() == pytest.approx([1 / 3])


def test_handover_by_hand(make) -> None:
    """Staff 1 leaves on day 950. 0 to 3 transferred, 3 without a successor; 4 still stands there.

    Taken: 3 of 5. After 30 days 1 of the 3 removed the new staff. Others (20 people of staff 3,
    one removed on day 960): 1 of 20 on that day = 5 %.
    """
    rows = [(c, 1, 900, 950, "transfer") for c in range(4)]
    rows += [(0, 2, 950, 955, "customer"), (1, 2, 950, None, None), (2, 2, 951, None, None)]
    rows += [(4, 1, 900, None, None)]
    rows += [(c, 3, 900, 960 if c == 20 else None, "customer" if c == 20 else None)
             for c in range(20, 40)]  # fmt: skip
    staff = pd.DataFrame({"staff_id": ["1", "2", "3"], "left_on": [950, None, None]})
    staff["left_on"] = staff["left_on"].astype("Int64")
    staff["staff_id"] = [0, 1, 2]
    staff["left_at"] = (staff["left_on"] * 86_400 + 43_200).astype("Int64")
    frames = {"contacts": contacts(*rows), "staff": staff}
    figures = churn(make(frames)).figures
    assert (figures["handover_assigned"], figures["handover_taken"]) == (5, 3)
    assert figures["handover_watched"] == 3
    assert figures["after_handover_share"] == pytest.approx(1 / 3)
    # On day 955 24 relations of all but transfers stand (3 new, 1, 20) and one ends; 960: 23.
    expected = 1 - (23 / 24) * (22 / 23)
    assert figures["others_share"] == pytest.approx(expected)


def test_margin_by_hand(make) -> None:
    """Two people stood from day 901 to 1000, one left on day 950: 250 person-days, one in 100.

    Net spend while standing 250 yuan (the 999 of day 960 came after leaving), margin 40 %:
    250 / 250 x 365 x 0.4 = 146 a contact and year; 3.65 people a year; 532.90.
    """
    rows = [(0, 1, 901, None, None), (1, 1, 901, None, None), (2, 1, 901, 950, "customer")]
    bought = orders((0, 920, 200), (2, 940, 50), (2, 960, 999), (9, 940, 777))
    frames = {"contacts": contacts(*rows), "orders": bought}
    figures = churn(make(frames, economics={"gross_margin": 0.4})).figures
    assert figures["lost_people_a_year"] == pytest.approx(3.65)
    assert figures["margin_per_contact"] == pytest.approx(146)
    assert figures["money_at_stake"] == pytest.approx(532.9)
    figures = churn(make(frames)).figures
    assert figures["money_at_stake"] is None
    assert figures["lost_people_a_year"] == pytest.approx(3.65)


def test_followers_alone(make) -> None:
    frame = pd.DataFrame({"customer": range(20), "subscribed_on": 900})
    frame["unsubscribed_on"] = pd.array([903] * 5 + [None] * 15, dtype="Int64")
    result = churn(make({"followers": frame}))
    assert shares(result, "follower")[7] == pytest.approx(0.25)
    assert result.figures["followers_share"] == pytest.approx(0.25)
    assert result.figures["relations"] is None


def test_muting_is_asked_and_never_added(make) -> None:
    """Two of five answers on WeCom chat name muting; the one on another touchpoint is none."""
    answers = pd.DataFrame({"customer": range(6), "answered_on": 950, "stage": "use"})
    answers["touchpoint"] = ["wecom_chat"] * 5 + ["live"]
    answers["pain_point"] = ["muted", "免打扰", "slow", None, "price", "muted"]
    rows = [(c, 1, 900, None, None) for c in range(5)]
    frames = {"contacts": contacts(*rows), "responses": answers}
    figures = churn(make(frames)).figures
    assert (figures["mute_answers"], figures["answers"], figures["removed"]) == (2, 5, 0)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ({}, "Neither contacts nor followers were given."),
        (
            {"contacts": contacts((0, 1, 900, None, None)).drop(columns=["removed_on"])},
            "The contacts carry no removed_at, so removals cannot be seen.",
        ),
    ],
)
def test_what_is_missing_is_said(make, frames: dict, reason: str) -> None:
    result = churn(make(frames))
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == reason
    assert touchpoints.describe_churn(result).statement.render("en") == reason
    assert touchpoints.plot_churn(result) is None


def test_few_relations_give_no_verdict(make) -> None:
    rows = [(c, 1, 900, 910 if c < 30 else None, "customer" if c < 30 else None) for c in range(99)]
    rules = {"churn_min_relations": 100, "churn_reference_window_days": 30}
    result = churn(make({"contacts": contacts(*rows)}, touchpoints=rules))
    assert result.verdict is Verdict.NOT_ENOUGH_DATA


def test_small_counts_are_hidden_and_not_to_be_had_by_subtraction(make) -> None:
    """25 removed by day 7, 3 more by day 30, 20 more by day 90: the 30-day row would give the 3."""
    ends = [905] * 25 + [920] * 3 + [960] * 20
    rows = [(c, 1, 900, end, "customer") for c, end in enumerate(ends)]
    rows += [(c, 1, 900, None, None) for c in range(100, 300)]
    result = churn(make({"contacts": contacts(*rows)}, privacy={"min_cell": 10}))
    shown = result.table[result.table["unit"] == "relation"].set_index("days")
    assert shown["removed"].isna().to_dict() == {
        7: False, 30: True, 90: False, 180: False, 365: False
    }  # fmt: skip
    assert np.isnan(shown.loc[30, "removed_share"])


def test_few_still_watched_are_not_counted_out(make) -> None:
    """Four of 64 were added early enough to be watched for 90 days."""
    rows = [(c, 1, 990, None, None) for c in range(60)] + [
        (c, 1, 900, None, None) for c in range(60, 64)
    ]
    result = churn(make({"contacts": contacts(*rows)}, privacy={"min_cell": 10}))
    watched = result.table[result.table["unit"] == "relation"].set_index("days")["watched"]
    assert watched[7] == 64
    assert watched[[30, 90]].isna().all()
    assert watched[365] == 0


def test_coverage_adds_up_over_both_tables(make) -> None:
    frame = pd.DataFrame({"customer": range(3), "subscribed_on": 900})
    frame["unsubscribed_on"] = pd.array([None] * 3, dtype="Int64")
    rows = [(0, 1, 900, None, None), (1, 1, 900, None, None)]
    result = churn(make({"contacts": contacts(*rows), "followers": frame}))
    assert (result.coverage.rows, result.coverage.used) == (5, 5)
