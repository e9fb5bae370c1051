"""Who a planned test could be sent to: crowds by rule, and who is left out and why.

A person belongs to the first crowd of a test whose rule fits. One reason a person, the first that
holds in the order of :data:`REASONS`; who has none may be drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.allotting import allot
from privdom_kit.copy_tests.people_facts import can_phone, people_facts, tier_flag
from privdom_kit.copy_tests.plan_times import first_day, plans_to_draw
from privdom_kit.deliveries import held_back
from privdom_kit.engine import checkpoint, collect
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest, CrowdRule

#: Why a person is not drawn, in the order in which it is asked; 0: nothing stands against it.
REASONS = (
    "drawn",
    "said_no",
    "removed_brand",
    "no_consent",
    "no_phone",
    "no_contact",
    "contact_already",
    "over_cap",
    "other_test",
)
DRAWN, SAID_NO, REMOVED, NO_CONSENT, NO_PHONE = range(5)
NO_CONTACT, CONTACT, OVER_CAP, OTHER_TEST = range(5, len(REASONS))
#: Outcomes that a present WeCom contact can have no more.
_FRIENDS = ("friend_added", "friend_kept")
_BY_PHONE = ("sms", "call", "call_sms")
_TEXTS, _CALLS = ("sms", "call_sms"), ("call", "call_sms")
_MOST_CELLS = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Crowds:
    """The people of all tests that are still to be drawn.

    Attributes:
        plans: The tests; the place of a test is the number in the columns' names.
        people: One row a person: ``customer, customer_id, orders`` (counted ones)`` and, by test,
            ``crowd_0`` (place among the test's crowds, -1: in none)``, reason_0`` (place in
            :data:`REASONS`).
        counts: ``test, crowd`` (places)``, reason, people``.
        unfound: Why the people of a crowd cannot be found, by place of test and crowd.
    """

    plans: tuple[CopyTest, ...]
    people: nw.LazyFrame
    counts: pd.DataFrame
    unfound: dict[tuple[int, int], Message]

    def drawn(self, test: str, crowd: int) -> int | None:
        """People of a crowd who may be sent to; None where they cannot be found."""
        place = [plan.id for plan in self.plans].index(test)
        if (place, crowd) in self.unfound:
            return None
        counts = self.counts
        free = (counts["test"] == place) & (counts["crowd"] == crowd) & (counts["reason"] == DRAWN)
        return int(counts.loc[free, "people"].sum())


def read_crowds(base: CopyBase) -> Crowds | None:
    """The crowds of all tests of which nothing was sent yet.

    Returns:
        None without people or without such tests.
    """
    plans = plans_to_draw(base)
    if base.people is None or not plans:
        return None
    rows, unfound = _with_crowds(base, plans, people_facts(base, base.people))
    rows = _with_reasons(base, plans, rows)
    columns = [f"{name}_{i}" for i in range(len(plans)) for name in ("crowd", "reason")]
    rows = checkpoint(rows.select("customer", "customer_id", "orders", *columns))
    rows = allot(base, plans, rows, OTHER_TEST)
    return Crowds(plans, rows, _counts(rows, len(plans)), unfound)


def _counts(rows: nw.LazyFrame, plans: int) -> pd.DataFrame:
    import narwhals as nw
    import pandas as pd

    parts = []
    for i in range(plans):
        keys = {"crowd": nw.col(f"crowd_{i}"), "reason": nw.col(f"reason_{i}")}
        found = rows.select(**keys).filter(nw.col("crowd") >= 0)
        counted = collect(
            found.group_by("crowd", "reason").agg(nw.len().alias("people")), limit=_MOST_CELLS
        )
        parts.append(counted.assign(test=i))
    table = pd.concat(parts, ignore_index=True)[["test", "crowd", "reason", "people"]]
    table = table.astype("int64")
    return table.sort_values(["test", "crowd", "reason"], ignore_index=True)


# ---------------------------------------------------------------------------------------------
# Crowds


def _with_crowds(
    base: CopyBase, plans: tuple[CopyTest, ...], rows: nw.LazyFrame
) -> tuple[nw.LazyFrame, dict[tuple[int, int], Message]]:
    import narwhals as nw

    unfound: dict[tuple[int, int], Message] = {}
    chosen = {}
    for i, plan in enumerate(plans):
        fits: list[tuple[int, nw.Expr]] = []
        for j, crowd in enumerate(plan.crowds):
            if (reason := _cannot_find(base, crowd.who)) is not None:
                unfound[i, j] = reason
                continue
            if crowd.who and crowd.who.tiers:
                flag = f"tier_{i}_{j}"
                rows = rows.join(
                    tier_flag(base, crowd.who.tiers, flag), on="customer", how="left"
                ).with_columns(nw.col(flag).fill_null(0))
            fits.append((j, _fits(crowd.who, f"tier_{i}_{j}")))
        # Without crowds everybody is in one of no name.
        chosen[f"crowd_{i}"] = _first(fits) if plan.crowds else nw.lit(0)
    return rows.with_columns(**chosen), unfound


def _first(fits: list[tuple[int, nw.Expr]]) -> nw.Expr:
    import narwhals as nw

    chosen: nw.Expr = nw.lit(-1)
    for place, fit in reversed(fits):
        chosen = nw.when(fit).then(nw.lit(place)).otherwise(chosen)
    return chosen


def _cannot_find(base: CopyBase, who: CrowdRule | None) -> Message | None:
    if who is None:
        return msg("no rule (who:) says who belongs to it")
    asked = {
        "orders": (who.orders_at_least, who.orders_at_most, who.days_since_order_at_least,
                   who.days_since_order_at_most),
        "members": (who.member, who.tiers or None),
        "followers": (who.follower,),
        "contacts": (who.contact,),
    }  # fmt: skip
    for table, conditions in asked.items():
        if any(c is not None for c in conditions) and not base.base.has(table):
            return msg("its rule asks for {table:text}, which were not given", table=table)
    if who.tiers and not base.base.has("members", "tier"):
        return msg("its rule asks for tiers, which the members do not have")
    return None


def _fits(who: CrowdRule | None, tier: str) -> nw.Expr:
    import narwhals as nw

    if who is None:
        return nw.col("customer") < 0
    fit = nw.col("customer") >= 0
    orders, days = nw.col("orders"), nw.col("days_since_order")
    for bound, condition in (
        (who.orders_at_least, lambda b: orders >= b),
        (who.orders_at_most, lambda b: orders <= b),
        (who.days_since_order_at_least, lambda b: (days >= b).fill_null(False)),
        (who.days_since_order_at_most, lambda b: (days <= b).fill_null(False)),
        (who.member, lambda b: nw.col("member") == int(b)),
        (who.follower, lambda b: nw.col("follower") == int(b)),
        (who.contact, lambda b: nw.col("contact") == int(b)),
    ):
        if bound is not None:
            fit = fit & condition(bound)
    return fit & (nw.col(tier) == 1) if who.tiers else fit


# ---------------------------------------------------------------------------------------------
# Reasons


def _with_reasons(base: CopyBase, plans: tuple[CopyTest, ...], rows: nw.LazyFrame) -> nw.LazyFrame:
    import narwhals as nw

    phones = can_phone(base)
    chosen = {}
    for i, plan in enumerate(plans):
        counts = {
            "_texts": _got(base, plan, _TEXTS),
            "_calls": _got(base, plan, _CALLS),
            "_busy": _in_running_test(base, plan),
        }
        for name, frame in counts.items():
            column = f"{name}_{i}"
            if frame is None:
                rows = rows.with_columns(nw.lit(0).alias(column))
            else:
                counted = frame.select("customer", nw.col("times").alias(column))
                rows = rows.join(counted, on="customer", how="left")
                rows = rows.with_columns(nw.col(column).fill_null(0))
        reason: nw.Expr = nw.lit(DRAWN)
        for code, holds in reversed(list(_reasons(base, plan, i, phones))):
            reason = nw.when(holds).then(nw.lit(code)).otherwise(reason)
        chosen[f"reason_{i}"] = reason
    return rows.with_columns(**chosen)


def _reasons(
    base: CopyBase, plan: CopyTest, place: int, phones: bool
) -> Iterator[tuple[int, nw.Expr]]:
    """Conditions on the people of a test, in the order of :data:`REASONS`."""
    import narwhals as nw

    rules = base.settings.copy_tests
    yield SAID_NO, nw.col("opted_out") == 1
    yield REMOVED, nw.col("removed") == 1
    yield NO_CONSENT, nw.col("no_consent") == 1
    if phones and plan.channel in _BY_PHONE:
        yield NO_PHONE, nw.col("has_phone") == 0
    if plan.channel == "wecom" and base.base.has("contacts"):
        yield NO_CONTACT, nw.col("contact") == 0
    if plan.primary in _FRIENDS:
        yield CONTACT, nw.col("contact") == 1
    if plan.channel in _TEXTS:
        yield OVER_CAP, nw.col(f"_texts_{place}") + 1 > rules.sms_cap
    if plan.channel in _CALLS:
        yield OVER_CAP, nw.col(f"_calls_{place}") + plan.attempts > rules.call_cap
    yield OTHER_TEST, nw.col(f"_busy_{place}") > 0


def _got(base: CopyBase, plan: CopyTest, channels: tuple[str, ...]) -> nw.LazyFrame | None:
    """How often each person was sent something on these channels before the test begins.

    One moment counts once, however many receipts tell of it; arms held back got nothing.
    """
    import narwhals as nw

    if "deliveries" not in base.base.tables:
        return None
    deliveries, rules = base.base.tables["deliveries"], base.settings.copy_tests
    codes = [code for name in channels if (code := deliveries.code("channel", name)) >= 0]
    start = first_day(base, plan)
    day = nw.col("sent_on")
    rows = deliveries.frame.filter(
        ~nw.col("customer").is_null(),
        ~held_back(deliveries, rules.control_arms),
        nw.col("channel").is_in([*codes, -1]),
        (day >= start - rules.frequency_days) & (day < start),
    )
    # The text after a call is one, however often was dialled.
    dialled = deliveries.code("channel", "call_sms")
    if channels == _TEXTS and dialled >= 0:
        moment = nw.when(nw.col("channel") == dialled).then(day.cast(nw.Int64))
        rows = rows.with_columns(sent_at=moment.otherwise(nw.col("sent_at")))
    moments = rows.group_by("customer", "sent_at").agg(nw.len().alias("_rows"))
    return moments.group_by("customer").agg(nw.len().alias("times"))


def _in_running_test(base: CopyBase, plan: CopyTest) -> nw.LazyFrame | None:
    """People of tests that were sent and whose window reaches into this one."""
    import narwhals as nw

    if base.units is None:
        return None
    until = nw.col("sent_on") + nw.col("window")
    rows = base.units.frame.filter(until >= first_day(base, plan))
    return rows.group_by("customer").agg(nw.len().alias("times"))
