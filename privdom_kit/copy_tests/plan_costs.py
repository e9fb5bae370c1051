"""Costs of the arms of planned tests, and the friends and orders to expect of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded
from privdom_kit.copy_tests.baselines import Baseline, crowd_baseline, measured_baseline
from privdom_kit.copy_tests.lint_texts import TEXT, Part, lengths_of
from privdom_kit.copy_tests.planned_people import arm_people, crowd_sizes
from privdom_kit.copy_tests.sizes_needed import planned_difference

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.client_file import Economics
    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyArm, CopyTest

FRIENDS, ORDERS = bounded("friends"), bounded("orders")
INCENTIVE = bounded("incentive_cost")
COLUMNS = (
    *("test", "arm", "people", "segments_least", "segments", "texts", "dials_least", "dials"),
    *("text_cost", "dial_cost", *INCENTIVE, "cost_least", "cost", *FRIENDS, "friends_source"),
    *(*ORDERS, "orders_source", "unpriced"),
)
TEXTS, CALLS = ("sms", "call_sms"), ("call", "call_sms")


@dataclass(frozen=True, slots=True)
class Expected:
    """How many people of an arm come to an outcome at the present rate.

    Attributes:
        number: None where no rate is known.
        lower: Lower end, where the rate was measured.
        upper: Upper end.
        source: Where the rate comes from.
        gain: How many more if the arm reaches the difference that the test is planned for.
    """

    number: float | None
    lower: float | None
    upper: float | None
    source: str | None
    gain: float = 0.0

    @property
    def least(self) -> float | None:
        """The lower end; the number itself where it has no interval."""
        return self.number if self.lower is None else self.lower

    @property
    def most(self) -> float | None:
        """The upper end; the number itself where it has no interval."""
        return self.number if self.upper is None else self.upper


def plan_costs(base: CopyBase, plans: tuple[CopyTest, ...]) -> pd.DataFrame:
    """A row a test and arm: people, what they cost, and what to expect of them."""
    import pandas as pd

    rows = [
        _row(base, plan, arm, place)
        for plan in plans
        for place, arm in enumerate(plan.arms, start=1)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    counts = ("people", "segments_least", "segments", "texts", "dials_least", "dials")
    money = ("text_cost", "dial_cost", *INCENTIVE, "cost_least", "cost", *FRIENDS, *ORDERS)
    table = table.astype(dict.fromkeys(counts, "Int64"))
    return table.astype(dict.fromkeys(money, "float64"))


def _row(base: CopyBase, plan: CopyTest, arm: CopyArm, place: int) -> dict[str, Any]:
    sizes = crowd_sizes(base, plan)
    crowds = {
        size.crowd: arm_people(plan, size.people)[place]
        for size in sizes
        if size.people is not None
    }
    people = sum(crowds.values()) if len(crowds) == len(sizes) else None
    friends = _expected(base, plan, crowds, "friend_added", people, gains=not arm.control)
    orders = _expected(base, plan, crowds, "ordered", people)
    row = {"test": plan.id, "arm": arm.name, "people": people}
    row |= _priced(base, plan, arm, people, friends)
    row |= _shown(FRIENDS, friends) | {"friends_source": friends.source}
    return row | _shown(ORDERS, orders) | {"orders_source": orders.source}


def _shown(names: tuple[str, str, str], one: Expected) -> dict[str, Any]:
    return dict(zip(names, (one.number, one.lower, one.upper), strict=True))


# ---------------------------------------------------------------------------------------------
# Costs


def _priced(
    base: CopyBase, plan: CopyTest, arm: CopyArm, people: int | None, friends: Expected
) -> dict[str, Any]:
    """What an arm costs; null where something of it has no price or nobody knows how many."""
    prices = base.base.economics
    by_text, by_call = plan.channel in TEXTS, plan.channel in CALLS
    segments = _segments(base, plan, arm) if by_text else (0, 0)
    texts = [_times(people, number) for number in segments]
    dials = [_times(people, number) for number in ((1, plan.attempts) if by_call else (0, 0))]
    sms, call = (prices.sms_cost if by_text else 0.0), (prices.call_cost if by_call else 0.0)
    gifts = _gifts(arm, friends)
    least = [
        # A text after a call goes to nobody who does not pick up.
        0.0 if by_call else _times(texts[0], sms),
        _times(dials[0], call),
        gifts[1],
    ]
    most = [_times(texts[1], sms), _times(dials[1], call), gifts[2]]
    known = friends.lower is not None and bool(arm.incentive_cost)
    priced = [part for part in least if part is not None]
    return {
        "segments_least": segments[0],
        "segments": segments[1],
        "texts": texts[1],
        "dials_least": dials[0],
        "dials": dials[1],
        "text_cost": most[0],
        "dial_cost": most[1],
        "incentive_cost": gifts[0],
        "incentive_cost_ci_lower": gifts[1] if known else None,
        "incentive_cost_ci_upper": gifts[3] if known else None,
        # Nothing priced is not "for nothing".
        "cost_least": sum(priced) if sum(priced) or len(priced) == len(least) else None,
        "cost": None if None in most else sum(part or 0.0 for part in most),
        "unpriced": "+".join(_unpriced(plan, arm, segments[1], prices, friends)) or None,
    }


def _segments(base: CopyBase, plan: CopyTest, arm: CopyArm) -> tuple[int | None, int | None]:
    """Billed segments of the text at the least and at the most; variables may be short or long."""
    if not arm.text.strip():
        return None, None
    part = Part(plan, arm, TEXT, plan.channel, arm.text.strip())
    least, most = lengths_of(part, base.settings.copy_tests.variable_characters)
    return least.segments, most.segments


def _gifts(arm: CopyArm, friends: Expected) -> tuple[Any, Any, Any, Any]:
    """Incentives at the present rate, at its lower end, if the arm does as planned, upper end."""
    if arm.incentive_cost == 0 or (arm.incentive_cost is None and not arm.incentive):
        return 0.0, 0.0, 0.0, 0.0
    most = None if friends.most is None else friends.most + friends.gain
    numbers = (friends.number, friends.least, most, friends.most)
    first, second, third, fourth = (_times(number, arm.incentive_cost) for number in numbers)
    return first, second, third, fourth


def _unpriced(
    plan: CopyTest,
    arm: CopyArm,
    segments: int | None,
    prices: Economics,
    friends: Expected,
) -> list[str]:
    """What a sum lacks."""
    found = []
    if plan.channel in TEXTS:
        found += ["no_text"] if segments is None else []
        found += ["no_sms_cost"] if prices.sms_cost is None else []
    if plan.channel in CALLS and prices.call_cost is None:
        found.append("no_call_cost")
    if arm.incentive and arm.incentive_cost is None:
        found.append("no_incentive_cost")
    elif arm.incentive_cost and friends.number is None:
        found.append("no_friend_rate")
    return found


def _times(number: float | None, each: float | None) -> Any:
    return None if number is None or each is None else number * each


# ---------------------------------------------------------------------------------------------
# What to expect


def _expected(
    base: CopyBase,
    plan: CopyTest,
    crowds: Mapping[str | None, int],
    outcome: str,
    people: int | None,
    gains: bool = False,
) -> Expected:
    """People of an arm with an outcome at the present rate, summed over crowds.

    Ends of crowds are added up: where all crowds have one measured rate that is the rate's own
    interval, and never too narrow where they differ.
    """
    rates = {} if people is None else {c: _rate(base, plan, c, outcome) for c in crowds}
    known = [(crowds[crowd], rate) for crowd, rate in rates.items() if rate is not None]
    if not known or len(known) < len(rates):
        return Expected(None, None, None, None)
    sources = {f"baseline_{rate.source}" for _, rate in known}
    source = sources.pop() if len(sources) == 1 else "baseline_mixed"
    number = sum(n * rate.rate for n, rate in known)
    gain = 0.0
    if gains and plan.primary == outcome:
        gain = sum(n * (planned_difference(plan, rate.rate) or 0.0) for n, rate in known)
    if any(rate.lower is None for _, rate in known):
        return Expected(number, None, None, source, gain)
    lower = sum(n * (rate.lower or 0.0) for n, rate in known)
    upper = sum(n * (rate.upper or 0.0) for n, rate in known)
    return Expected(number, lower, upper, source, gain)


def _rate(base: CopyBase, plan: CopyTest, crowd: str | None, outcome: str) -> Baseline | None:
    """The share with an outcome; what is stated of the primary outcome holds for that one only."""
    if plan.primary != outcome:
        return measured_baseline(base, plan, outcome)
    own = next((one for one in plan.crowds if one.name == crowd), None)
    if own is not None:
        return crowd_baseline(base, plan, own)
    if plan.baseline is not None:
        return Baseline(plan.baseline)
    return measured_baseline(base, plan, outcome)
