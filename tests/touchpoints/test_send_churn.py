"""Removals after sends: against a walk through person-hours, hand counts and simulated brands."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator

import client_tables
import numpy as np
import pandas as pd
import pytest

from privdom_kit import touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.relations.spells import read_contacts
from privdom_kit.results import Verdict
from privdom_kit.settings import TouchpointsSettings
from privdom_kit.touchpoints.exposure import BANDS, measure_exposure
from privdom_kit.touchpoints.sends import read_sends

AS_OF = 1_000
HOUR, DAY = 3_600, 86_400
SMALL = {"send_batch_people": 2, "send_min_people": 2, "send_min_removals": 5}


@pytest.fixture
def make() -> Iterator:
    with closing(connect()) as connection:

        def brand(frames: dict, as_of: int = AS_OF, **options):
            rules = {**SMALL, **options.pop("touchpoints", {})}
            return client_tables.base(connection, frames, as_of, touchpoints=rules, **options)

        yield brand


def contacts(people: list[tuple[float, float | None]]) -> pd.DataFrame:
    """``(added, removed or None)`` in days, a person each."""
    frame = pd.DataFrame({"customer": range(len(people)), "staff_id": "a"})
    for name, place in (("added", 0), ("removed", 1)):
        seconds = [None if p[place] is None else round(p[place] * DAY) for p in people]
        frame[f"{name}_at"] = pd.array(seconds, dtype="Int64")
        frame[f"{name}_on"] = pd.array([None if s is None else s // DAY for s in seconds], "Int64")
    frame["removed_by"] = ["customer" if p[1] is not None else None for p in people]
    return frame


def touches(told: list[tuple[int, float, str]], **columns) -> pd.DataFrame:
    """``(customer, time in days, campaign)``: one-to-one messages of the brand."""
    frame = pd.DataFrame(told, columns=["customer", "at", "campaign_id"])
    frame["occurred_at"] = (frame.pop("at") * DAY).round().astype("int64")
    frame["occurred_on"] = frame["occurred_at"] // DAY
    values = {"touchpoint": "wecom_chat", "action": "send", "direction": "brand", **columns}
    return frame.assign(**values)


def test_exposure_as_a_walk_through_person_hours_finds_it(make) -> None:
    """60 people, five sends, some twice within 72 hours: every hour of every person, one by one."""
    draw = np.random.default_rng(3)
    added = draw.uniform(880, 980, 60)
    gone = added + draw.exponential(60, 60)
    people = [(a, g if g < AS_OF else None) for a, g in zip(added, gone, strict=True)]
    sends = [(950.3, "A"), (951.7, "B"), (960.5, "C"), (975.25, "D"), (998.9, "E")]
    told = [(c, at, name) for at, name in sends for c in range(60) if draw.random() < 0.6]
    made, rules = make({"contacts": contacts(people), "touches": touches(told)})
    relations = read_contacts(made)
    found_sends = read_sends(made, "wecom_chat", rules.touchpoints)
    assert relations is not None
    assert found_sends is not None
    found = measure_exposure(relations, found_sends, AS_OF, 72)
    names = dict(zip(found_sends.table["send"], found_sends.table["name"], strict=True))

    hours, events, reached = Counter(), Counter(), Counter()
    for customer, (start, end) in enumerate(people):
        first, stop = round(start * DAY), (AS_OF + 1) * DAY - 1 if end is None else round(end * DAY)
        own = [(round(at * DAY), n) for c, at, n in told if c == customer]
        own = [(at, n) for at, n in own if first <= at <= stop]
        reached.update(n for _, n in own)
        for hour in range(first // HOUR, stop // HOUR + 1):
            before = [(at // HOUR, n) for at, n in own if at // HOUR <= hour]
            last = max(before, default=(-999, ""))
            send = last[1] if hour - last[0] < 72 else None
            band = max(i for i, begins in enumerate(BANDS) if hour - first // HOUR >= begins)
            place = (send, hour // 672, hour % 168, band)
            hours[place] += 1
            if end is not None and hour == stop // HOUR:
                events[place] += 1

    def spread(arrays: dict, other: np.ndarray) -> Counter:
        block = int((added * 24).min()) // 672
        told_of = Counter()
        for send, values in [*((names[r], v) for r, v in arrays.items()), (None, other)]:
            for index in np.flatnonzero(values):
                week, band = divmod(int(index), len(BANDS))
                told_of[send, week // 168 + block, week % 168, band] += int(values[index])
        return told_of

    assert spread(found.after_hours, found.other_hours) == hours
    assert spread(found.after_events, found.other_events) == events
    assert {names[r]: n for r, n in found.reached.items()} == dict(reached)
    assert sum(events.values()) > 20


def test_a_removal_belongs_to_the_last_send_and_people_count_once(make) -> None:
    """0 gets A and, a day later, B, and leaves 10 hours after B. 1 gets A twice in an hour.

    2 was removed before A and 3 was added after it: neither was reached.
    """
    people = [(900, 951.9), (900, None), (900, 949), (950.9, None), (900, 951.2)]
    told = [(0, 950.5, "A"), (0, 951.5, "B"), (1, 950.5, "A"), (1, 950.51, "A"), (2, 950.5, "A")]
    told += [(3, 950.5, "A"), (4, 950.5, "A"), (4, 951.5, "B"), (1, 951.5, "B")]
    made, settings = make({"contacts": contacts(people), "touches": touches(told)})
    sends = touchpoints.measure_send_churn(made, settings).tables["sends"].set_index("send")
    assert sends["reached"].to_dict() == {"A": 3, "B": 2}
    # 4 left before B went out: that removal is A's.
    assert sends["send_removals"].to_dict() == {"A": 1, "B": 1}


def test_the_window_is_72_hours(make) -> None:
    """Sent at 12:00 of day 950: removals 71 hours after count, 73 hours after do not."""
    people = [(900, 950.5 + 71 / 24), (900, 950.5 + 73 / 24), (900, None)]
    told = [(c, 950.5, "A") for c in range(3)]
    made, settings = make({"contacts": contacts(people), "touches": touches(told)})
    table = touchpoints.measure_send_churn(made, settings).table.iloc[0]
    assert (table["send_removals"], table["baseline_removals"], table["reached"]) == (1, 1, 3)
    assert table["send_removal_share"] == pytest.approx(1 / 3)


def test_what_a_send_is(make) -> None:
    """Named: by campaign and hour. Unnamed: only where many were told within a minute."""
    people = [(900, None)] * 6
    told = [(c, 950.5, "A") for c in range(3)] + [(c, 950.6, "A") for c in range(3, 6)]
    told += [(0, 960.1, "B"), *((c, 970.5, None) for c in range(6))]
    told += [(c, 980 + c / 100, None) for c in range(6)]
    frame = touches(told)
    made, settings = make({"contacts": contacts(people), "touches": frame})
    sends = touchpoints.measure_send_churn(made, settings).tables["sends"]
    assert sorted(zip(sends["send"], sends["reached"], strict=True)) == [
        ("1972-08-28 12:00 UTC", 6),
        ("A", 3),
        ("A", 3),
    ]


def test_broadcasts_outside_the_marked_days(make) -> None:
    """A goes out on day 950, which is marked, B and C on others: 2 of 3."""
    people = [(900, None)] * 4
    told = [(c, at, n) for at, n in ((950.5, "A"), (955.5, "B"), (960.5, "C")) for c in range(4)]
    marked = [dt.date(1970, 1, 1) + dt.timedelta(days=950)]
    frames = {"contacts": contacts(people), "touches": touches(told)}
    figures = touchpoints.measure_send_churn(
        *make(frames, touchpoints={"send_calendar": marked})
    ).figures
    assert (figures["outside_sends"], figures["calendar_sends"]) == (2, 3)
    assert figures["outside_share"] == pytest.approx(2 / 3)
    assert touchpoints.measure_send_churn(*make(frames)).figures["outside_share"] is None


def test_a_holdout_by_hand(make) -> None:
    """56 of 70 sent to left in time, 48 of 80 held back: .0524 to .3339 (Newcombe 1998)."""
    rows = []
    for c in range(150):
        arm, gone = ("new_text", c < 56) if c < 70 else ("control", c - 70 < 48)
        late = 950 * DAY + 10 * HOUR
        rows.append((c, arm, 950 * DAY, late if gone else None))
    frame = pd.DataFrame(rows, columns=["customer", "arm", "sent_at", "friend_removed_at"])
    frame["friend_removed_at"] = frame["friend_removed_at"].astype("Int64")
    frame = frame.assign(
        delivery_id=range(150), channel="wecom", test_id="T1", sent_on=950, friend_removed_on=None
    )
    frame.loc[149, "friend_removed_at"] = 950 * DAY + 73 * HOUR  # too late to count
    result = touchpoints.measure_send_churn(*make({"deliveries": frame}))
    row = result.tables["holdouts"].iloc[0]
    counts = ["sent_people", "sent_removals", "held_people", "held_removals"]
    assert row[counts].tolist() == [70, 56, 80, 48]
    bounds = row[["difference", "difference_ci_lower", "difference_ci_upper"]].tolist()
    assert [round(x, 4) for x in bounds] == [0.2, 0.0524, 0.3339]
    assert result.verdict is Verdict.ACT
    finding = touchpoints.describe_send_churn(result)
    assert finding.evidence[0].render("en") == (
        "Test T1: 80.0% of 70 sent to left, of 80 held back 60.0% (+20.0 points, interval +5.2 "
        "points to +33.4 points)."
    )


def test_deliveries_are_sends_without_the_arm_held_back(make) -> None:
    rows = [(c, "control" if c < 2 else "text", 950 * DAY + 43_200) for c in range(6)]
    frame = pd.DataFrame(rows, columns=["customer", "arm", "sent_at"])
    frame = frame.assign(delivery_id=range(6), channel="wecom", test_id="T1", sent_on=950)
    frames = {"contacts": contacts([(900, None)] * 6), "deliveries": frame}
    sends = touchpoints.measure_send_churn(*make(frames)).tables["sends"]
    assert list(zip(sends["send"], sends["reached"], strict=True)) == [("T1", 4)]


def test_unfollowing_counts_within_a_day(make) -> None:
    """Articles are told at 12:00; one follower leaves 23 hours later, one 25 hours later."""
    frame = contacts([(900, 950.5 + 23 / 24), (900, 950.5 + 25 / 24), (900, None)])
    stems = {"added": "subscribed", "removed": "unsubscribed"}
    names = {f"{a}_{e}": f"{b}_{e}" for a, b in stems.items() for e in ("at", "on")}
    frame = frame.rename(columns=names).drop(columns=["staff_id", "removed_by"])
    told = touches([(c, 950.5, "A") for c in range(3)], touchpoint="service_account")
    table = touchpoints.measure_send_churn(*make({"followers": frame, "touches": told})).table
    row = table.iloc[0]
    assert row["touchpoint"] == "service_account"
    assert (row["send_removals"], row["baseline_removals"]) == (1, 1)


def simulate(
    draw, per_day: float, factor: float, people: int = 900
) -> tuple[dict[str, pd.DataFrame], float]:
    """120 days of contacts; twelve sends to a random half of those who stand and are not new.

    Removals fall more on newcomers and at weekends, whether or not anything was sent; within 72
    hours of a send they are ``factor`` times as frequent. The second value is how many removals
    the sends are expected to bring: hour by hour, what the factor adds for those who stand.
    """
    begin = AS_OF - 120
    added = draw.uniform(begin, AS_OF - 5, people)
    times = np.sort(draw.choice(np.arange(begin + 15, AS_OF - 3), 12, replace=False)) + 0.5
    gone = np.full(people, np.inf)
    told: list[tuple[int, float, str]] = []
    last, caused = np.full(people, -np.inf), 0.0
    for hour in range(begin * 24, (AS_OF + 1) * 24):
        now = hour / 24
        here = (added < now) & np.isinf(gone)
        for number in np.flatnonzero(times == now):
            chosen = np.flatnonzero(here & (now - added > 3) & (draw.random(people) < 0.5))
            last[chosen] = now
            told += [(int(c), now, f"C{number}") for c in chosen]
        rate = per_day / 24 * np.where(now - added < 7, 3, 1) * (2 if hour // 24 % 7 < 2 else 1)
        recent = now - last < 3
        caused += float((rate * (factor - 1))[here & recent].sum())
        rate = rate * np.where(recent, factor, 1)
        leaves = here & (draw.random(people) < rate)
        gone[leaves] = now + 0.02
    ends = [(a, g if np.isfinite(g) else None) for a, g in zip(added, gone, strict=True)]
    return {"contacts": contacts(ends), "touches": touches(told)}, caused


SIMULATED = {"send_batch_people": 20, "send_min_people": 50, "send_min_removals": 20}


def test_a_brand_whose_removals_ignore_sends_seldom_fires(make) -> None:
    """20 brands without any effect: act at 5 % at most, so 4 or more in less than 2 % of runs."""
    verdicts = [
        touchpoints.measure_send_churn(
            *make(simulate(np.random.default_rng(seed), 0.004, 1.0)[0], touchpoints=SIMULATED)
        ).verdict
        for seed in range(20)
    ]
    assert verdicts.count(Verdict.ACT) <= 3
    assert Verdict.NOT_ENOUGH_DATA not in verdicts


def test_a_planted_cost_is_found(make) -> None:
    """Removals five times as frequent for three days after a send: what that adds is known."""
    frames, caused = simulate(np.random.default_rng(5), 0.004, 5.0, 2_000)
    result = touchpoints.measure_send_churn(*make(frames, touchpoints=SIMULATED))
    assert result.verdict is Verdict.ACT
    row = result.table.iloc[0]
    assert row["excess_share_ci_lower"] <= caused / row["reached"] <= row["excess_share_ci_upper"]
    # Counting every removal after a send as its doing would overstate it.
    assert row["send_removal_share_ci_lower"] > caused / row["reached"]


@pytest.mark.parametrize(
    ("frames", "verdict", "reason"),
    [
        (
            {},
            Verdict.NOT_MEASURED,
            "No table says when contacts removed staff or followers unfollowed.",
        ),
        (
            {"contacts": contacts([(900, None), (900, 950)])},
            Verdict.NOT_MEASURED,
            "No table says what was sent to whom.",
        ),
        (
            {
                "contacts": contacts([(900, None), (900, 950)]),
                "touches": touches([(0, 940.5, "A")]),
            },
            Verdict.NOT_ENOUGH_DATA,
            "No send to many people at once is recorded that reached contacts or followers.",
        ),
    ],
)
def test_what_is_missing_from_sends_is_said(make, frames, verdict, reason) -> None:
    result = touchpoints.measure_send_churn(*make(frames))
    assert result.verdict is verdict
    assert touchpoints.describe_send_churn(result).statement.render("en") == reason
    assert touchpoints.plot_send_churn(result) is None


def test_few_removals_give_no_verdict(make) -> None:
    people = [(900, 951.0), *[(900, None)] * 5]
    told = [(c, 950.5, "A") for c in range(6)]
    result = touchpoints.measure_send_churn(
        *make({"contacts": contacts(people), "touches": touches(told)})
    )
    assert result.verdict is Verdict.NOT_ENOUGH_DATA
    assert np.isnan(result.table["excess_share"].iloc[0])


def test_defaults_are_those_of_the_articles() -> None:
    """72 hours (S031), 24 hours (S033), 15 % and 60 % without a window (S136, S137)."""
    rules = TouchpointsSettings()
    assert (rules.send_window_hours, rules.template_window_hours) == (72, 24)
    assert (rules.churn_normal_share, rules.churn_alarm_share) == (0.15, 0.6)
    assert rules.churn_reference_window_days is None
