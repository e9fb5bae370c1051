"""What a planned test costs, and the friends and orders to expect of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.copy_tests.plan_costs import CALLS, COLUMNS, FRIENDS, ORDERS, plan_costs
from privdom_kit.copy_tests.plan_times import open_plans
from privdom_kit.copy_tests.planned_people import UNKNOWN, crowd_sizes
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest
    from privdom_kit.settings import Settings

QUESTION = Question(
    "budget",
    ("S124",),
    {
        "test": "quote: test",
        "arm": "quote: arm",
        "people": "count: people who are sent something",
        "segments_least": "count: billed segments of one message, variables short",
        "segments": "count: billed segments of one message, variables long",
        "texts": "count: billed segments, if everybody gets the message",
        "dials": "count: dials, if all attempts are needed",
        "dials_least": "count: dials, if one each is enough",
        "text_cost": "money: text messages, if everybody gets them",
        "dial_cost": "money: dials, if all attempts are needed",
        "incentive_cost": "money: what the friends to expect get",
        "cost_least": "money: what it costs at the least",
        "cost": "money: what it costs at the most",
        "friends": "number: friends to expect at the present rate",
        "friends_source": "text: where the rate of friends comes from",
        "orders": "number: orders to expect at the present rate",
        "orders_source": "text: where the rate of orders comes from",
        "budget": "money: budget",
        "call_capacity": "count: calls that can be made",
        "payable": "text: whether the budget covers it",
        "dialable": "text: whether the calls can be made",
        "unpriced": "text: what has no price",
        "tests": "count: planned tests that are not over",
        "too_much": "count: tests that cannot be paid or dialled",
        "unknown_tests": "count: tests of which that cannot be said",
    },
)
#: Whether a limit holds: for sure, for sure not, only if not all of it is needed, not known.
FITS, TOO_MUCH, MAY_NOT, OPEN = "fits", "too_much", "may_not_fit", "unknown"


def measure_budget(base: CopyBase, settings: Settings) -> Result:
    """Cost of each planned test by arm, and what to expect, against its budget and call capacity.

    Messages are billed by segments for everybody who is sent something, dials once a person at
    the least and ``attempts`` times at the most, a text after a call for nobody at the least;
    incentives for the friends to expect. What has no price is null, and so is every sum with it;
    a test is too dear for sure where what is priced is more than the budget already.

    Returns:
        ``table``: a row a test and arm. ``tables["tests"]``: sums against the limits.
    """
    used = used_settings(
        settings,
        *("copy_tests.confidence_level", "copy_tests.least_people", "copy_tests.least_events"),
        *("copy_tests.variable_characters", "privacy.min_cell"),
    )
    plans = open_plans(base)
    if not plans:
        reason = (
            msg("Every copy test that forms.yml plans is over.")
            if base.plans
            else msg("forms.yml plans no copy test (copy_tests:).")
        )
        return QUESTION.unanswered(base.base.as_of, Verdict.NOT_MEASURED, reason, used)
    table = plan_costs(base, plans)
    tests = _test_table(plans, table)
    table = table.iloc[table["test"].map(_places(tests)).argsort(kind="stable")]
    table = table.reset_index(drop=True)
    figures = {
        "tests": len(plans),
        "too_much": int(((tests["payable"] == TOO_MUCH) | (tests["dialable"] == TOO_MUCH)).sum()),
        "unknown_tests": int(((tests["payable"] == OPEN) | (tests["dialable"] == OPEN)).sum()),
    }
    least = settings.privacy.min_cell
    hide = [c for c in COLUMNS[5:] if c not in ("friends_source", "orders_source", "unpriced")]
    shown, cells = suppress(table, "people", hide, least, groups=(("test",),))
    few = (tests["people"] > 0) & (tests["people"] < least)
    for column in ("people", "dials_least", "dials", "cost_least", "cost", *FRIENDS, *ORDERS):
        tests[column] = tests[column].mask(few.fillna(False))
    return QUESTION.answer(
        base.base.as_of,
        _judge(tests),
        shown,
        used,
        coverage=base.base.coverage("orders", "members", "followers", "contacts", "deliveries"),
        figures=figures,
        tables={"tests": tests},
        notes=(*_notes(base, plans, table), *suppression_note(cells, least)),
    )


def _test_table(plans: tuple[CopyTest, ...], table: pd.DataFrame) -> pd.DataFrame:
    """Sums of a test against its limits, the worst first; a sum with an unknown part is unknown."""
    import pandas as pd

    rows = []
    for plan in plans:
        arms = table[table["test"] == plan.id]
        summed = ("people", "dials_least", "dials", "cost", *FRIENDS, *ORDERS)
        row = {name: arms[name].sum(skipna=False) if len(arms) else None for name in summed}
        row["cost_least"] = arms["cost_least"].sum(min_count=1) if len(arms) else None
        calls = plan.channel in CALLS
        row |= {
            "test": plan.id,
            "budget": plan.budget,
            "call_capacity": plan.call_capacity,
            "payable": _fits(row["cost_least"], row["cost"], plan.budget),
            "dialable": _fits(row["dials_least"], row["dials"], plan.call_capacity)
            if calls
            else FITS,
        }
        rows.append(row)
    columns = [
        *("test", "people", "cost_least", "cost", "budget", "payable", "dials_least", "dials"),
        *("call_capacity", "dialable", *FRIENDS, *ORDERS),
    ]
    counts = dict.fromkeys(("people", "dials_least", "dials", "call_capacity"), "Int64")
    money = dict.fromkeys(("cost_least", "cost", "budget", *FRIENDS, *ORDERS), "float64")
    found = pd.DataFrame(rows, columns=columns).astype(counts).astype(money)
    order = [TOO_MUCH, MAY_NOT, OPEN, FITS]
    ranks = [
        min(order.index(a), order.index(b))
        for a, b in zip(found["payable"], found["dialable"], strict=True)
    ]
    worst = found.assign(_rank=ranks).sort_values("_rank", kind="stable", ignore_index=True)
    return worst.drop(columns="_rank")


def _places(tests: pd.DataFrame) -> dict[str, int]:
    return {test: place for place, test in enumerate(tests["test"])}


def _fits(least: Any, most: Any, limit: float | None) -> str:
    import pandas as pd

    if limit is None:
        return OPEN
    if not pd.isna(least) and least > limit:
        return TOO_MUCH
    if pd.isna(most):
        return OPEN
    return FITS if most <= limit else MAY_NOT


def _judge(tests: pd.DataFrame) -> Verdict:
    states = {*tests["payable"], *tests["dialable"]}
    if TOO_MUCH in states:
        return Verdict.ACT
    if tests["people"].isna().all():
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.CLEAR if states == {FITS} else Verdict.WATCH


def _notes(base: CopyBase, plans: tuple[CopyTest, ...], table: pd.DataFrame) -> tuple[Message, ...]:
    notes = [
        msg(
            "Costs run from the least (one dial each, no text after a call, short variables) to "
            "the most (all attempts, a text for everybody, long variables, incentives for as many "
            "friends as the test is planned to find)."
        ),
        msg(
            "Friends and orders are those to expect if every arm does as well as the present copy."
        ),
    ]
    stated = table[["friends_source", "orders_source"]].isin(
        ["baseline_crowd", "baseline_test", "baseline_crowds", "baseline_mixed"]
    )
    if stated.any(axis=None):
        notes.append(msg("A rate that is stated has no interval: sums hold if it is right."))
    unpriced = sorted({p for names in table["unpriced"].dropna() for p in names.split("+")})
    if unpriced:
        notes.append(
            msg("Not stated, so in no sum: {what:list}.", what=tuple(_LACKS[p] for p in unpriced))
        )
    unknown = [
        plan.id for plan in plans if any(size.source == UNKNOWN for size in crowd_sizes(base, plan))
    ]
    if unknown:
        notes.append(
            msg(
                "{tests:list}: the people of some crowd are unknown, and so is the cost.",
                tests=tuple(msg("{test:quote}", test=test) for test in unknown),
            )
        )
    return tuple(notes)


_LACKS = {
    "no_text": msg("the text of an arm"),
    "no_sms_cost": msg("what a text message costs (economics.sms_cost)"),
    "no_call_cost": msg("what a call costs (economics.call_cost)"),
    "no_incentive_cost": msg("what an incentive costs (incentive_cost)"),
    "no_friend_rate": msg("how many become friends (baseline)"),
}
