"""The share with an outcome under the present copy: stated in the plan, else measured before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.soundness import failed_checks
from privdom_kit.engine import collect
from privdom_kit.estimates import proportion_interval

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyCrowd, CopyTest

#: Where a baseline comes from: stated for the crowd, for the test, as the mean of its crowds;
#: measured; measured with too few events, so that the upper end of its interval is taken.
CROWD, TEST, CROWDS, MEASURED, UPPER = "crowd", "test", "crowds", "measured", "upper"
_MOST_TESTS = 10_000


@dataclass(frozen=True, slots=True)
class Baseline:
    """A share under the present copy.

    Attributes:
        rate: The share that sizes are computed with.
        lower: Lower end of its interval; None where it is stated.
        upper: Upper end.
        source: :data:`CROWD`, :data:`TEST`, :data:`CROWDS`, :data:`MEASURED` or :data:`UPPER`.
        test: The test that it was measured in; None where it is stated.
        people: People whom it was measured on; None where it is stated.
    """

    rate: float
    lower: float | None = None
    upper: float | None = None
    source: str = TEST
    test: str | None = None
    people: int | None = None

    @property
    def ends(self) -> tuple[float, ...]:
        """The share and, where it was measured, the ends of its interval."""
        if self.lower is None or self.upper is None or self.source == UPPER:
            return (self.rate,)
        return (self.rate, self.lower, self.upper)


def crowd_baseline(base: CopyBase, plan: CopyTest, crowd: CopyCrowd) -> Baseline | None:
    """The primary outcome's share in a crowd: of the crowd, else of the test, else measured."""
    if crowd.baseline is not None:
        return Baseline(crowd.baseline, source=CROWD)
    if plan.baseline is not None:
        return Baseline(plan.baseline, source=TEST)
    return measured_baseline(base, plan, plan.primary)


def pooled_baseline(base: CopyBase, plan: CopyTest, people: list[int | None]) -> Baseline | None:
    """The primary outcome's share over all crowds.

    Args:
        base: The base.
        plan: The test.
        people: People of each crowd, where known: the weights of the crowds' shares.
    """
    if plan.baseline is not None:
        return Baseline(plan.baseline, source=TEST)
    known = [
        (crowd.baseline, number)
        for crowd, number in zip(plan.crowds, people, strict=False)
        if crowd.baseline is not None and number
    ]
    if known and len(known) == len([n for n in people if n]):
        total = sum(number for _, number in known)
        return Baseline(sum(rate * number for rate, number in known) / total, source=CROWDS)
    return measured_baseline(base, plan, plan.primary)


def guardrail_baseline(
    base: CopyBase, plan: CopyTest, metric: str, stated: float | None
) -> Baseline | None:
    """The share of what must not get worse; a stated zero says nothing and is measured instead."""
    if stated:
        return Baseline(stated, source=TEST)
    return measured_baseline(base, plan, metric, rare=True)


def measured_baseline(
    base: CopyBase, plan: CopyTest, outcome: str, rare: bool = False
) -> Baseline | None:
    """The share in the latest earlier test of the same channel that tells it.

    Of the arm that was the copy in use where that test's plan names one, else of all arms sent;
    tests that failed a check are passed over.

    Args:
        base: The base.
        plan: The test that is planned.
        outcome: Outcome or harm.
        rare: Whether too few events give the upper end of the interval instead of nothing.
    """
    rules = base.settings.copy_tests
    if base.units is None or outcome not in base.units.outcomes:
        return None
    for name in _tests_before(base, plan):
        arms = _present_copy(base, name)
        people, events = int(arms[f"n_{outcome}"].sum()), int(arms[f"x_{outcome}"].sum())
        few = events < rules.least_events
        if people < rules.least_people or (few and not rare) or failed_checks(base, name):
            continue
        found = proportion_interval(events, people, rules.confidence_level)
        rate, source = (found.upper, UPPER) if few else (found.estimate, MEASURED)
        return Baseline(rate, found.lower, found.upper, source, name, people)
    return None


def _present_copy(base: CopyBase, test: str) -> pd.DataFrame:
    arms = base.arms(test)
    sent = arms[~arms["held"]]
    plan = base.plan(test)
    own = sent[sent["arm"] == plan.control.name] if plan and plan.control else sent.head(0)
    return own if len(own) else sent


def _tests_before(base: CopyBase, plan: CopyTest) -> list[str]:
    """Tests sent on the channel of a plan, the latest first; the test itself is not one of them."""
    import narwhals as nw

    units: Any = base.units
    rows = units.frame.filter(nw.col("held") == 0).group_by("test", "channel")
    sent = collect(rows.agg(nw.col("sent_on").max().alias("last_on")), limit=_MOST_TESTS)
    channels = base.base.tables["deliveries"].dictionaries.get("channel", ())
    found: dict[str, tuple[int, set[str]]] = {}
    for code, channel, last in zip(sent["test"], sent["channel"], sent["last_on"], strict=True):
        name = units.test_name(int(code))
        day, kinds = found.get(name, (0, set()))
        found[name] = (max(day, int(last)), kinds | {channels[int(channel)]})
    alike = [
        (day, name)
        for name, (day, kinds) in found.items()
        if name != plan.id and _is_channel(plan.channel, kinds)
    ]
    return [name for _, name in sorted(alike, key=lambda pair: (-pair[0], pair[1]))]


def _is_channel(channel: str, kinds: set[str]) -> bool:
    """Whether deliveries are of a channel; a call with its text may be told as two of them."""
    return channel in kinds or (channel == "call_sms" and {"call", "sms"} <= kinds)
