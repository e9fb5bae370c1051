"""Stages: by hand, by brute force, beside user layering, and the error rate of the verdict."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from client_tables import client, orders
from experience_samples import audit, friends, touches
from hypothesis import given
from hypothesis import strategies as st

from privdom_kit import journeys
from privdom_kit.engine import closing, connect
from privdom_kit.journeys.measure_stage_scale import _changes
from privdom_kit.journeys.stage_cells import hidden_stages
from privdom_kit.knowledge.stage_models import load_stage_models
from privdom_kit.layering.customers import summarise_customers
from privdom_kit.layering.measure_tiers import measure_relationship_tiers
from privdom_kit.results import Verdict
from privdom_kit.settings import Settings


def hand_made() -> dict[str, pd.DataFrame]:
    """Six people as of day 400, 90 days to pass.

    1 is added, reads on day 105, buys on 110 and 150. 2 is added and reads on 120. 3 is added.
    4 buys on 100 and is seen nowhere else. 5 is added on 100 and buys 95 days later. 6 is added
    ten days before the end.
    """
    return {
        "contacts": friends([(1, 100), (2, 100), (3, 100), (5, 100), (6, 390)]),
        "touches": touches(
            [(1, 105, "moments", "read", "customer"), (2, 120, "moments", "read", "customer")]
        ),
        "orders": orders((1, 110, 9), (1, 150, 9), (4, 100, 9), (5, 195, 9)),
    }


def test_aipl_by_hand() -> None:
    with audit(hand_made()) as (base, settings):
        result = journeys.measure_stages(base, settings)
    table = result.table.set_index("stage")
    assert table["customers"].to_dict() == {"aware": 2, "interest": 1, "purchase": 2, "loyalty": 1}
    assert set(table["known_people"]) == {6}
    counts = ["ripe_people", "passed_people", "open_people", "skipped_people"]
    assert table.loc["aware", counts].tolist() == [4, 2, 1, 1]
    assert table.loc["interest", counts].tolist() == [2, 1, 0, 2]
    assert table.loc["purchase", counts].tolist() == [3, 1, 0, 0]
    assert table.loc["loyalty", counts].isna().all()
    assert table["pass_rate"].tolist()[:3] == [0.5, 0.5, pytest.approx(1 / 3)]
    assert table["next_stage"].tolist()[:3] == ["interest", "purchase", "loyalty"]


def test_every_model_stands_beside_the_chosen_one() -> None:
    """The same six people: who buys twice is at the sixth stage of DEEPLINK."""
    with audit(hand_made(), journeys={"stage_model": "deeplink"}) as (base, settings):
        result = journeys.measure_stages(base, settings)
    models = result.tables["models"]
    assert list(dict.fromkeys(models["model"])) == list(load_stage_models())
    count = models.set_index(["model", "stage"])["customers"]
    assert count["deeplink", "numerous"] == 1
    assert count["recruit_to_praise", "retain"] == 1
    assert count["aarrr", "revenue_stage"] == 3
    assert result.table["stage"].tolist()[0] == "discover"
    # Nothing in the data is a like, a share, a message or an invitation.
    assert pd.isna(count["deeplink", "enthuse"])
    assert pd.isna(count["aarrr", "referral_stage"])


def test_a_stage_without_evidence_is_null_and_so_are_its_rates() -> None:
    frames = {name: f for name, f in hand_made().items() if name != "touches"}
    with audit(frames) as (base, settings):
        result = journeys.measure_stages(base, settings)
    table = result.table.set_index("stage")
    assert pd.isna(table.loc["interest", "customers"])
    assert table.loc[["aware", "interest"], ["ripe_people", "pass_rate"]].isna().all(axis=None)
    assert table.loc["purchase", "passed_people"] == 1
    assert result.notes[-1].render("en") == (
        "The data hold no event of these stages, which are empty rather than 0: interest."
    )


def test_bought_and_cancelled_the_same_day_is_no_purchase() -> None:
    bought = orders((1, 100, 10), (1, 100, -10), (2, 100, 10))
    with audit({"orders": bought, "contacts": friends([(1, 50), (2, 50)])}) as (base, settings):
        table = journeys.measure_stages(base, settings).table.set_index("stage")
    assert table.loc[["aware", "purchase"], "customers"].tolist() == [1, 1]


def random_brand(seed: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    people = rng.integers(0, 150, 500)
    days = rng.integers(100, 400, 500)
    kinds = rng.integers(0, 3, 500)
    rows = list(zip(people.tolist(), days.tolist(), kinds.tolist(), strict=True))
    actions = ["read", "like", "click"]
    return {
        "contacts": friends([(p, d) for p, d, k in rows if k == 0]),
        "touches": touches(
            [(p, d, "group", actions[d % 3], "customer") for p, d, k in rows if k == 1]
        ),
        "orders": orders(*[(p, d, 5.0) for p, d, k in rows if k == 2]),
    }


def brute_force(frames: dict[str, pd.DataFrame], window: int, as_of: int) -> list[tuple]:
    """(highest, ripe, passed, open, skipped) of A, I, P, L in plain Python, person by person."""
    at: dict[int, list[float]] = {}
    for who, day in frames["contacts"][["customer", "added_on"]].itertuples(index=False):
        times = at.setdefault(who, [np.inf] * 4)
        times[0] = min(times[0], day)
    for who, day in frames["touches"][["customer", "occurred_on"]].itertuples(index=False):
        times = at.setdefault(who, [np.inf] * 4)
        times[1] = min(times[1], day)
    for who, group in frames["orders"].groupby("customer"):
        days = sorted(set(group["paid_on"]))
        times = at.setdefault(who, [np.inf] * 4)
        times[2:] = [days[0], days[1] if len(days) > 1 else np.inf]
    rows = []
    for k in range(4):
        reached = {w: (min(t[k:]), min([*t[k + 1 :], np.inf])) for w, t in at.items()}
        here = [(a, b) for a, b in reached.values() if a < np.inf]
        ripe = [(a, b) for a, b in here if a < b and a <= as_of - window]
        rows.append((
            sum(b == np.inf for _, b in here), len(ripe), sum(b - a <= window for a, b in ripe),
            sum(a < b and a > as_of - window for a, b in here), sum(a == b for a, b in here),
        ))  # fmt: skip
    return rows


@pytest.mark.parametrize("seed", [1, 2])
def test_against_brute_force(seed: int) -> None:
    frames = random_brand(seed)
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in frames.items()}
    with audit(shuffled, journeys={"stage_days": 60}) as (base, settings):
        result = journeys.measure_stages(base, settings)
    counts = ["ripe_people", "passed_people", "open_people", "skipped_people"]
    expected = brute_force(frames, 60, 400)
    assert result.table["customers"].tolist() == [row[0] for row in expected]
    found = result.table.loc[:2, counts].astype(int)
    assert list(found.itertuples(index=False, name=None)) == [row[1:] for row in expected[:3]]
    cohorts = result.tables["cohorts"].groupby("stage", sort=False)
    sums = cohorts[["ripe_people", "passed_people"]].sum().astype(int)
    assert sums.to_numpy().tolist() == [list(row[1:3]) for row in expected[:3]]
    # Who bought on two days: the repeat customers of user layering.
    days = frames["orders"].groupby("customer")["paid_on"].nunique()
    assert result.table["customers"].iloc[3] == (days > 1).sum()


def test_tiers_are_those_of_user_layering() -> None:
    """Added up over the stages, the tiers are those of relationship_tiers on the same tables."""
    frames = random_brand(5)
    with closing(connect()) as connection:
        made = client(connection, frames, 400, privacy={"min_cell": 1})
        layered = measure_relationship_tiers(summarise_customers(made), made.settings).table
    with audit(frames) as (base, settings):
        tiers = journeys.measure_stages(base, settings).tables["tiers"]
    ours = tiers.groupby("tier")["customers"].sum()
    theirs = layered.set_index("tier")["customers"].fillna(0)
    assert ours.astype(int).to_dict() == theirs.astype(int).to_dict()
    assert (theirs > 0).sum() >= 2


def cohort_table(passed: np.ndarray, size: int) -> pd.DataFrame:
    stages = ["aware", "interest", "purchase"]
    first = 12 * 1970  # the month of day 0, which is left out
    rows = [
        (s, first + c, size, int(passed[i, c])) for i, s in enumerate(stages) for c in range(12)
    ]
    return pd.DataFrame(rows, columns=["stage", "cohort", "ripe_people", "passed_people"])


def test_a_brand_in_which_nothing_changes_is_seldom_told_to_act() -> None:
    """400 brands with the same rates in every cohort: act in 2.5 % at most, plus three errors."""
    rng = np.random.default_rng(11)
    settings = Settings()
    model = load_stage_models()["aipl"]
    rates = np.array([[0.4], [0.2], [0.3]])
    acts = 0
    for _ in range(400):
        passed = rng.binomial(150, np.broadcast_to(rates, (3, 12)))
        acts += _changes(cohort_table(passed, 150), model, 0, settings)[1] is Verdict.ACT
    assert acts / 400 <= 0.025 + 3 * np.sqrt(0.025 * 0.975 / 400)


def test_a_step_that_got_worse_is_named() -> None:
    """120 people a month are added; 60 of them read, since month 8 only 30: half as many pass."""
    rows, reads = [], []
    for month in range(12):
        for i in range(120):
            who = 1000 * month + i
            rows.append((who, 30 * month + 100))
            if i < (60 if month < 8 else 30):
                reads.append((who, 30 * month + 105, "moments", "read", "customer"))
    frames = {"contacts": friends(rows), "touches": touches(reads)}
    options = {"stage_days": 30, "stage_min_people": 50}
    with audit(frames, as_of_day=500, journeys=options) as (base, settings):
        result = journeys.measure_stages(base, settings)
        finding = journeys.describe_stages(result)
    assert result.verdict is Verdict.ACT
    assert result.figures["worse_stage"] == "aware"
    assert result.figures["worse_change_ci_upper"] < 0
    assert finding.statement.render("en").startswith(
        "Fewer people move on from aware to interest: 25.0% of the latest arrivals against "
    )
    assert finding.statement.render("zh").startswith("从认知进入兴趣的人变少了：近期批次为 25.0%，")


def test_cohorts_of_which_less_was_recorded_are_not_compared() -> None:
    """Friends are known from day 100 on, what they read only from day 400 on: two tables.

    Reading holds 2 of 3 events, so comparison begins after the month of day 400. Before it nobody
    can pass; with those months the latest cohorts would look better than the earlier ones.
    """
    rows = [(1000 * m + i, 100 + 30 * m) for m in range(20) for i in range(60)]
    reads = [
        (who, max(day + k, 400), "moments", "read", "customer") for who, day in rows for k in (1, 2)
    ]
    frames = {"contacts": friends(rows), "touches": touches(reads)}
    options = {"stage_days": 30, "stage_min_people": 50}
    with audit(frames, as_of_day=800, journeys=options) as (base, settings):
        result = journeys.measure_stages(base, settings)
    change = result.tables["changes"].set_index("stage").loc["aware"]
    assert (change["recent_rate"], change["earlier_rate"]) == (1.0, 1.0)
    # Arrivals of day 400, 430, ... 670; the first of them is of the month in which reading begins.
    assert change["recent_people"] + change["earlier_people"] == 60 * 9
    assert (
        result.notes[2]
        .render("en")
        .startswith("Cohorts are compared after the period of 1971-02-05")
    )


def test_small_cells_are_hidden_everywhere() -> None:
    """4 loyal people among 60 buyers: 56 and 4 appear nowhere, nor what they were taken from."""
    bought = [(i, 200, 5.0) for i in range(60)] + [(i, 230, 5.0) for i in range(4)]
    frames = {"orders": orders(*bought), "contacts": friends([(i, 100) for i in range(100)])}
    with audit(frames, privacy={"min_cell": 10}) as (base, settings):
        result = journeys.measure_stages(base, settings)
    for table in (result.table, *result.tables.values()):
        numbers = table.select_dtypes("number").to_numpy(dtype="float64", na_value=np.nan)
        assert not set(numbers[~np.isnan(numbers)]) & {4.0, 56.0}
    table = result.table.set_index("stage")
    assert table.loc["aware", "customers"] == 40
    assert pd.isna(table.loc["purchase", "passed_people"])


counts = st.lists(st.one_of(st.none(), st.integers(0, 30)), min_size=2, max_size=7)


@given(counts)
def test_no_small_stage_follows_from_what_is_shown(people: list) -> None:
    """An attacker who knows shown stages, the total and who reached a stage with a shown row.

    Every hidden run of stages between two known numbers of people who reached a stage holds
    nobody, or ``least`` people in two stages or more, unless nobody else is there at all.
    """
    least, known = 10, [n or 0 for n in people]
    cells, steps = hidden_stages(people, least)
    assert all(i in cells for i, n in enumerate(known) if 0 < n < least)
    block: list[int] = []
    for i in range(len(known) + 1):
        # Who reached stage i is known where its row is shown; at the ends it always is.
        if i and (i == len(known) or i not in steps):
            concealed = [known[j] for j in block if j in cells]
            alone = sum(known) == sum(concealed) and sum(n > 0 for n in known) == len(concealed)
            assert not concealed or alone or (len(concealed) > 1 and sum(concealed) >= least)
            block = []
        block.append(i)


def test_without_events_nothing_is_measured() -> None:
    with audit({}) as (base, settings):
        result = journeys.measure_stages(base, settings)
    assert result.verdict is Verdict.NOT_MEASURED
    assert journeys.plot_stages(result) is None
    assert journeys.describe_stages(result).statement == result.notes[0]


def test_the_chart_shows_people_and_rates() -> None:
    with audit(hand_made()) as (base, settings):
        ax = journeys.plot_stages(journeys.measure_stages(base, settings))
    assert [bar.get_width() for bar in ax.patches] == [2, 1, 2, 1]
    words = [text.get_text() for text in ax.texts]
    assert "↓ 50.0% of 4 pass on" in words
    assert "↓ 33.3% of 3 pass on" in words
