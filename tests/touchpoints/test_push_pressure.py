"""Contacts' time at risk, and removals against links: by hand, by brute force, on known worlds."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from client_tables import base, orders
from push_worlds import DAY, FIRST_DAY, HOUR, frames_of, living

from privdom_kit.relations.person_weeks import measure_contact_time
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings
from privdom_kit.touchpoints import measure_push_pressure

RULES = Settings().touchpoints
EARLY = (99, -168, "brand", 1)  # the first touch of the table: its links are known a week later


@pytest.fixture
def connection():
    opened = duckdb.connect()
    yield opened
    opened.close()


def cells_of(connection, contacts, touches, last_day=FIRST_DAY + 27, **rules):
    made, settings = base(
        connection, frames_of(contacts, touches), last_day, touchpoints=rules or {}
    )
    return measure_contact_time(made, settings.touchpoints)


def by_links(time) -> dict[int, tuple]:
    table = time.cells.groupby("links")[["contact_weeks", "removed", "links_sent"]].sum()
    return {int(n): tuple(round(float(v), 9) for v in row) for n, row in table.iterrows()}


LAST = (99, 671, "customer", 0)  # the table reaches to the end of day 27


def test_time_and_removal_by_hand(connection) -> None:
    """A link at hour 48, another at 72, removal at 96.

    One link from 48 to 72, two from 72 to 96, none before: 48, 24 and 24 hours of 168.
    """
    touches = [EARLY, LAST, (1, 48, "brand", 1), (1, 72, "brand", 1)]
    time = cells_of(connection, [(1, -500, 96, "customer")], touches)
    assert by_links(time) == {
        0: (round(48 / 168, 9), 0, 1),
        1: (round(24 / 168, 9), 0, 1),
        2: (round(24 / 168, 9), 1, 0),
    }
    assert time.contacts == 1


def test_a_link_counts_for_seven_days_and_not_after_the_end(connection) -> None:
    """A link at hour 0 works until 168; a relation ends at 336, by staff: no removal."""
    touches = [EARLY, LAST, (1, 0, "brand", 1), (1, 400, "brand", 1)]
    time = cells_of(connection, [(1, -500, 336, "staff")], touches)
    assert by_links(time) == {0: (1.0, 0, 0), 1: (1.0, 0, 0)}


def test_only_the_last_relation_ended_by_the_customer_is_a_removal(connection) -> None:
    """A transfer, a second relation, and one of two ended change nothing; the last one does."""
    contacts = [
        (1, -500, 24, "transfer"), (1, 24, 200, "customer"),
        (2, -500, 24, "customer"), (2, -400, None, None),
        (3, -500, 24, "customer"), (3, -400, 48, "customer"),
    ]  # fmt: skip
    time = cells_of(connection, contacts, [EARLY, LAST, (1, 1, "customer", 1)])
    assert time.cells["removed"].sum() == 2
    hours = time.cells["contact_weeks"].sum() * 168
    assert hours == pytest.approx(200 + 672 + 48)


def test_cells_equal_a_count_hour_by_hour(connection) -> None:
    """Brute force: every hour of 40 random contacts on its own, with weekday and tenure."""
    rng = np.random.default_rng(7)
    contacts, touches = [], [EARLY, LAST]
    for person in range(40):
        added = int(rng.integers(-900, 500))
        ends = int(added + rng.integers(1, 900)) if rng.random() < 0.7 else None
        ends = None if ends is not None and ends >= 672 else ends
        who = str(rng.choice(["customer", "staff"])) if ends is not None else None
        contacts.append((person, added, ends, who))
        times = rng.choice(np.arange(-168, 671), rng.integers(0, 9), replace=False)
        touches += [(person, int(t), "brand", 1) for t in times]
    time = cells_of(connection, contacts, touches)
    expected: dict[tuple, list[float]] = {}
    for person, added, ends, who in contacts:
        own = [t for p, t, d, link in touches if p == person and d == "brand" and link]
        # The state of an hour is that at its beginning; what happens at its end belongs to it.
        for hour in range(max(added, 0), min(ends if ends is not None else 672, 672)):
            links = sum(hour - 168 < t <= hour for t in own)
            tenure = sum(hour - added >= 24 * d for d in RULES.push_tenure_days)
            key = (hour // 168, hour // 24 % 7, min(links, 7), tenure)
            cell = expected.setdefault(key, [0.0, 0.0])
            cell[0] += 1 / 168
            cell[1] += ends is not None and who == "customer" and hour == ends - 1
    cells = time.cells.assign(week=time.cells["week"] - (FIRST_DAY + 3) // 7)
    # A removal on the stroke of midnight belongs to the day that it begins.
    found = cells[cells["contact_weeks"] > 0]
    keys = ["week", "weekday", "links", "tenure"]
    weeks = found.groupby(keys)["contact_weeks"].sum()
    assert {k: round(v, 9) for k, v in weeks.items()} == {
        k: round(v[0], 9) for k, v in expected.items()
    }
    removed = cells.groupby(["links", "tenure"])["removed"].sum()
    assert removed.sum() == sum(v[1] for v in expected.values())
    for (links, tenure), number in removed.items():
        assert number == sum(v[1] for k, v in expected.items() if k[2:] == (links, tenure))


def test_rows_in_another_order_give_the_same(connection) -> None:
    world = living(5, 1.2, people=60, weeks=9, hazard=0.1)
    found = []
    for seed in (1, 2):
        mixed = {n: f.sample(frac=1, random_state=seed) for n, f in world.frames().items()}
        made, settings = base(connection, mixed, world.as_of_day)
        cells = measure_contact_time(made, settings.touchpoints).cells
        found.append(cells.sort_values(list(cells.columns[:6]), ignore_index=True))
    pd.testing.assert_frame_equal(found[0], found[1])


def naive_ratio(world) -> float:
    """Removals by links of the calendar week, the week of removal as whole as any other."""
    at = world.touches[world.touches["has_purchase_link"] == 1]
    links = at.groupby(["customer", (at["occurred_on"] + 3) // 7]).size()
    week = (world.contacts["removed_on"].astype("Float64") + 3) // 7
    first, last = (FIRST_DAY + 3) // 7, (world.as_of_day + 3) // 7
    grid = pd.MultiIndex.from_product([world.contacts["customer"], range(first + 1, last + 1)])
    rows = links.reindex(grid, fill_value=0).rename("links").reset_index()
    rows.columns = ["customer", "week", "links"]
    rows["left"] = rows["customer"].map(week).fillna(10**6).astype(float)
    rows = rows[rows["week"] <= rows["left"]]
    rows["gone"] = rows["week"] == rows["left"]
    some, none = rows[rows["links"] > 0], rows[rows["links"] == 0]
    return some["gone"].mean() / none["gone"].mean()


def test_whole_weeks_make_links_look_harmless_and_this_does_not(connection) -> None:
    """No effect at all. Whoever leaves on a Tuesday gets no links on Wednesday.

    Whole calendar weeks then say that links keep people (a factor well below 1); time at risk
    does not: 1 lies within its interval.
    """
    world = living(11, 1.0)
    assert naive_ratio(world) < 0.85
    made, settings = base(connection, world.frames(), world.as_of_day)
    figures = measure_push_pressure(made, settings).figures
    assert figures["removals"] > 400
    assert figures["rate_ratio_per_link_ci_lower"] < 1 < figures["rate_ratio_per_link_ci_upper"]


def test_heavy_users_get_more_links_and_stay_longer(connection) -> None:
    """A true factor of 1.3, and active people who get 3 times the links and leave half as often.

    Without what sets them apart, links look nearly harmless; with it the factor is recovered.
    """
    from privdom_kit.estimates import rate_model

    world = living(12, 1.3, people=4000, heavy=(3.0, 0.4))
    made, settings = base(connection, world.frames(), world.as_of_day)
    cells = measure_contact_time(made, settings.touchpoints).cells
    mean = cells.assign(links=cells["links"].astype(float))
    blind = rate_model(
        mean["removed"], mean["contact_weeks"], mean[["links"]], mean["week"]
    ).coefficient("links")
    assert np.exp(blind.upper) < 1.25
    result = measure_push_pressure(made, settings)
    figures = result.figures
    assert figures["rate_ratio_per_link_ci_lower"] <= 1.3 <= figures["rate_ratio_per_link_ci_upper"]
    assert result.verdict is Verdict.ACT


def test_what_is_missing_is_said(connection) -> None:
    world = living(5, 1.2, people=80, weeks=9, hazard=0.05)
    made, settings = base(connection, {"touches": world.touches}, world.as_of_day)
    result = measure_push_pressure(made, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert result.notes[0].render("en") == "No contacts table with removed_at was given."
    # Contact pressure needs no relations.
    assert result.figures["people_weeks"] == result.tables["pressure"]["people_weeks"].sum()
    plain = world.touches.drop(columns="has_purchase_link")
    made, settings = base(
        connection, {"touches": plain, "contacts": world.contacts}, world.as_of_day
    )
    assert measure_push_pressure(made, settings).verdict is Verdict.NOT_MEASURED
    made, settings = base(connection, world.frames(), world.as_of_day)
    few = measure_push_pressure(made, settings)
    assert few.verdict is Verdict.NOT_ENOUGH_DATA
    assert few.table.empty
    assert "below 50 removals or 12 weeks" in few.notes[0].render("en")


def test_contact_pressure_by_hand(connection) -> None:
    """Cap 3. Person 1: 4 messages over two calendar weeks but within 7 days: over the cap.

    Person 2: 4 in one calendar week: over in both counts. Person 3: 3 a week: never. A click is
    no message. An SMS delivery counts; one on WeCom stands in the touches already.
    """
    hours = {1: [140, 150, 170, 180], 2: [0, 1, 2], 3: [0, 1, 2, 170, 171, 172]}
    touches = [(p, h, "brand", 0) for p, times in hours.items() for h in times]
    touches.append((3, 3, "customer", 0))
    frames = frames_of([(1, 0, None, None)], touches)
    sent = FIRST_DAY * DAY + np.array([5, 6]) * HOUR
    frames["deliveries"] = pd.DataFrame(
        {"customer": [2, 3], "channel": ["sms", "wecom"], "sent_at": sent, "sent_on": FIRST_DAY}
    )
    frames["contacts"] = frames["contacts"].drop(columns=["removed_at", "removed_on"])
    made, settings = base(connection, frames, FIRST_DAY + 20)
    result = measure_push_pressure(made, settings)
    figures = result.figures
    assert (figures["reached_people"], figures["people_over_cap"]) == (3, 2)
    # People-weeks: 2 of person 1 (2 and 2), 1 of person 2 (4), 2 of person 3 (3 and 3).
    table = result.tables["pressure"].set_index("messages")["people_weeks"].to_dict()
    assert table == {2: 2, 3: 2, 4: 1}
    assert (figures["people_weeks"], figures["people_weeks_over_cap"]) == (5, 1)
    assert figures["messages_per_people_week"] == pytest.approx(14 / 5)


def test_three_tests_of_benign_marketing(connection) -> None:
    """9 marketing, 1 care: entropy 0.325 of a possible 1.386 = 0.234; two types of 5 % or more."""
    frames = frames_of([(1, 0, None, None)], [(1, 200 * n, "brand", 0) for n in range(10)])
    frames["touches"]["purpose"] = ["marketing"] * 9 + ["care"]
    made, settings = base(connection, frames, FIRST_DAY + 100)
    benign = measure_push_pressure(made, settings).tables["benign"].set_index("test")
    assert benign.loc["spread", "value"] == pytest.approx(0.32508 / 1.38629, abs=1e-4)
    assert benign["met"].tolist() == [0, 1, 0]
    assert benign.loc["types", "value"] == 2


def test_a_holdout_stands_beside_it(connection) -> None:
    """400 sent to, 20 of them gone within 30 days; 400 held out, 8 gone: by hand and Newcombe."""
    world = living(5, 1.2, people=800, weeks=16, hazard=0.03)
    sent_on = FIRST_DAY + 20
    contacts = pd.DataFrame({"customer": range(1000, 1800), "added_on": FIRST_DAY - 50})
    gone = [*range(1000, 1020), *range(1400, 1408), 1500]
    contacts["removed_on"] = pd.Series(pd.NA, index=contacts.index, dtype="Int32")
    contacts.loc[contacts["customer"].isin(gone), "removed_on"] = sent_on + 9
    contacts.loc[contacts["customer"] == 1500, "removed_on"] = sent_on + 40
    contacts["removed_by"] = np.where(contacts["removed_on"].notna(), "customer", None)
    for name in ("added", "removed"):
        contacts[f"{name}_at"] = (contacts[f"{name}_on"].astype("Int64") * DAY).astype("Int64")
    frames = world.frames()
    frames["contacts"] = pd.concat([frames["contacts"], contacts], ignore_index=True)
    frames["deliveries"] = pd.DataFrame(
        {
            "customer": range(1000, 1800),
            "channel": "wecom",
            "test_id": "june",
            "arm": ["offer"] * 400 + ["holdout"] * 400,
            "sent_on": sent_on,
        }
    )
    made, settings = base(connection, frames, world.as_of_day)
    result = measure_push_pressure(made, settings)
    held = result.tables["holdout"].set_index("arm")
    assert held["people"].to_dict() == {"sent_to": 400, "held_out": 400}
    assert held["removals"].to_dict() == {"sent_to": 20, "held_out": 8}
    figures = result.figures
    assert figures["holdout_difference"] == pytest.approx(0.03)
    from statsmodels.stats.proportion import confint_proportions_2indep

    lower, upper = confint_proportions_2indep(20, 400, 8, 400, method="newcomb")
    assert figures["holdout_difference_ci_lower"] == pytest.approx(lower)
    assert figures["holdout_difference_ci_upper"] == pytest.approx(upper)


def test_value_of_a_contact(connection) -> None:
    """Stated, it is taken as it is; else margin of standing contacts per contact-year."""
    world = living(9, 1.3, people=1500, weeks=16, hazard=0.02)
    bought = orders(*[(c, FIRST_DAY + 20, 100) for c in range(0, 1500, 3)])
    frames = {**world.frames(), "orders": bought}
    made, settings = base(
        connection, frames, world.as_of_day, economics={"gross_margin": 0.5, "customer_value": 80.0}
    )
    stated = measure_push_pressure(made, settings).figures
    assert (stated["contact_value"], stated["contact_value_basis"]) == (80.0, "stated")
    made, settings = base(connection, frames, world.as_of_day, economics={"gross_margin": 0.5})
    derived = measure_push_pressure(made, settings).figures
    gone = world.contacts["removed_at"].astype("Float64").fillna(np.inf)
    noon = (FIRST_DAY + 20) * DAY + 43_200
    standing = int((gone[::3] > noon).sum())
    years = derived["contact_weeks"] * 7 / 365.25
    assert derived["contact_value"] == pytest.approx(standing * 50 / years)
    made, settings = base(connection, frames, world.as_of_day)
    none = measure_push_pressure(made, settings)
    assert none.figures["contact_value"] is None
    assert none.figures["money_at_stake"] is None
    assert none.notes[-1].render("en").startswith("client.yml gives no economics.gross_margin")


def test_small_cells_are_hidden(connection) -> None:
    """min_cell 200: the rarest numbers of links have fewer removals than that and show none."""
    world = living(9, 1.3, people=3000, weeks=16, hazard=0.03)
    made, settings = base(connection, world.frames(), world.as_of_day, privacy={"min_cell": 200})
    open_made, open_settings = base(connection, world.frames(), world.as_of_day)
    shown = measure_push_pressure(made, settings).table.set_index("links")
    known = measure_push_pressure(open_made, open_settings).table.set_index("links")
    small = known.index[known["removals"] < 200]
    assert len(small)
    assert shown.loc[small, ["removals", "removal_rate"]].isna().all(axis=None)
    assert shown.loc[0, "removals"] == known.loc[0, "removals"]
