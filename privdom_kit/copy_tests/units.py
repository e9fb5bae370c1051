"""People of copy tests: one row a person and test, with what became of them after the first send.

A person is the unit of a test, however often they were dialled or however many receipts a message
had. Outcomes count from the first send on, within the window of the test, and only once the window
is over for everybody: where it is not, the outcome is null, and null is in no denominator.

==============  ==============================================================================
outcome         is 1 where, within the window after the first send,
==============  ==============================================================================
delivered       a delivery report came, by the hour at which reports close
connected       a call was taken and talked through for ``talk_seconds`` at least, by that hour
clicked         the link was clicked
friend_added    the friend was added
friend_kept     the friend was added, and had not removed the brand ``kept_days`` later
ordered         an order was placed
opted_out       the person opted out
complained      the person complained
friend_removed  the friend was added, and removed the brand within ``kept_days``
==============  ==============================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.sent_controls import as_sent, find_sent_controls
from privdom_kit.deliveries import held_back
from privdom_kit.engine import checkpoint, collect
from privdom_kit.purchases import COUNTED
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.base import Base
    from privdom_kit.settings import CopyTestsSettings
    from privdom_kit.tables import Table

#: What a test without an id is called: the table holds one only.
WITHOUT_ID = "deliveries"
_DAY = 86_400
_HOUR = 3_600
# Outcome, the column that tells it.
_TIMED = {
    "delivered": "delivered_at",
    "connected": "connected_at",
    "clicked": "clicked_at",
    "friend_added": "friend_added_at",
    "ordered": "ordered_at",
    "opted_out": "opted_out_at",
    "complained": "complained_at",
}
_REPORTED = ("delivered", "connected")
_TIMES = (*_TIMED.values(), "friend_removed_at")


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """One row a person and test, kept in the engine.

    Attributes:
        frame: ``test, crowd, arm, channel`` (codes; crowd -1: none)``, held`` (1: sent nothing)``,
            arms, crowds`` (how many different ones the person is in: 1, or 2 for more)``, customer,
            sent_at, sent_on, rows`` (attempts and receipts)``, reported`` (1: some report or
            status)``, late`` (1: the report came after it closed)`` and, each 0 or 1 and null where
            not known yet, the outcomes; ``value_cents`` (of orders within the window),
            ``cost_cents, segments, before_cents`` (spend before the send).
        outcomes: Outcomes that the table can tell.
        amounts: Of value_cents, cost_cents, segments and before_cents those that it can tell.
        tests: Names of tests by code; :data:`WITHOUT_ID` for -1.
        crowds: Names of crowds by code.
        arms: Names of arms by code.
        sent_controls: Test and arm of arms that are called as if nothing was sent to them, and were
            sent something: the copy in use.
        has_status: Whether deliveries say how each ended.
        channels: Names of channels by code.
        coverage: Delivery rows read, used and left out by reason.
    """

    frame: nw.LazyFrame
    outcomes: tuple[str, ...]
    amounts: tuple[str, ...]
    tests: tuple[str, ...]
    crowds: tuple[str, ...]
    arms: tuple[str, ...]
    sent_controls: frozenset[tuple[str, str]]
    has_status: bool
    channels: tuple[str, ...]
    coverage: Coverage

    def test_name(self, code: int) -> str:
        """The name of a test."""
        return self.tests[code] if code >= 0 else WITHOUT_ID

    def channel_name(self, code: int) -> str:
        """The name of a channel; empty where it is not known."""
        return self.channels[code] if code >= 0 else ""

    def crowd_name(self, code: int) -> str | None:
        """The name of a crowd; None where the person is in none."""
        return self.crowds[code] if code >= 0 else None


def read_units(
    base: Base, rules: CopyTestsSettings, windows: Mapping[str, int] | None = None
) -> Units | None:
    """The people of all tests of a client.

    Args:
        base: The client.
        rules: The settings of copy tests.
        windows: Days in which outcomes count, by test, where a plan says other than the setting.

    Returns:
        None without deliveries that name a test, an arm and a person.
    """
    if not base.has("deliveries", "arm"):
        return None
    table = base.tables["deliveries"]
    rows, coverage = _rows(table, rules)
    if not coverage.used:
        return None
    controls = find_sent_controls(rows, table, rules)
    rows = as_sent(rows, controls)
    people = _people(rows, table, rules, windows or {})
    frame = _outcomes(people, table, base.as_of_day, rules)
    amounts = [
        name
        for name, column in (
            ("value_cents", "order_amount"),
            ("cost_cents", "cost"),
            ("segments", "segments"),
        )
        if table.has(column)
    ]
    if base.purchases is not None:
        frame = _with_spend_before(frame, base.purchases.orders, rules.covariate_days)
        amounts.append("before_cents")
    outcomes = [name for name, column in _TIMED.items() if table.has(column)]
    if "friend_added" in outcomes and table.has("friend_removed_at"):
        place = outcomes.index("friend_added") + 1
        outcomes[place:place] = ["friend_kept"]
        outcomes.append("friend_removed")
    tests = table.dictionaries.get("test_id", ()) if table.has("test_id") else ()
    arms = table.dictionaries.get("arm", ())
    return Units(
        checkpoint(frame),
        tuple(outcomes),
        tuple(amounts),
        tests,
        table.dictionaries.get("crowd", ()) if table.has("crowd") else (),
        arms,
        frozenset((tests[t] if t >= 0 else WITHOUT_ID, arms[a]) for t, a in controls),
        table.has("status"),
        table.dictionaries.get("channel", ()),
        coverage,
    )


def _rows(table: Table, rules: CopyTestsSettings) -> tuple[nw.LazyFrame, Coverage]:
    """Delivery rows of tests, and how many rows belong to none."""
    import narwhals as nw

    code = nw.lit(-1).cast(nw.Int32)
    test = nw.col("test_id") if table.has("test_id") else code
    crowd = nw.col("crowd").fill_null(-1) if table.has("crowd") else code
    frame = table.frame.with_columns(
        test=test,
        crowd_code=crowd,
        held=nw.when(held_back(table, rules.control_arms)).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    named = ~nw.col("customer").is_null()
    counts = (
        collect(
            frame.select(
                nw.len().alias("rows"),
                no_test=nw.when(nw.col("test").is_null())
                .then(nw.lit(1))
                .otherwise(nw.lit(0))
                .sum(),
                no_arm=nw.when(~nw.col("test").is_null() & nw.col("arm").is_null())
                .then(nw.lit(1))
                .otherwise(nw.lit(0))
                .sum(),
                nobody=nw.when(~nw.col("test").is_null() & ~nw.col("arm").is_null() & ~named)
                .then(nw.lit(1))
                .otherwise(nw.lit(0))
                .sum(),
            ),
            limit=1,
        )
        .fillna(0)
        .iloc[0]
    )
    left = {
        "no test": int(counts["no_test"]),
        "no arm": int(counts["no_arm"]),
        "no customer": int(counts["nobody"]),
    }
    intake = dict(table.coverage.dropped)
    dropped = {k: v + intake.pop(k, 0) for k, v in left.items()} | intake
    used = int(counts["rows"]) - sum(left.values())
    rows = frame.filter(~nw.col("test").is_null() & ~nw.col("arm").is_null() & named)
    return rows, Coverage(used + sum(dropped.values()), used, dropped)


def _people(
    rows: nw.LazyFrame, table: Table, rules: CopyTestsSettings, windows: Mapping[str, int]
) -> nw.LazyFrame:
    """One row a person and test: first send, first of each outcome, sums of cost and segments."""
    import narwhals as nw

    given = [name for name in _TIMES if table.has(name)]
    if "connected_at" in given and table.has("talk_seconds"):
        # Voice-mail and assistants take a call too; who hung up at once did not hear it.
        heard = nw.col("talk_seconds").is_null() | (nw.col("talk_seconds") >= rules.talk_seconds)
        rows = rows.with_columns(connected_at=nw.when(heard).then(nw.col("connected_at")))
    told = nw.col("order_key") < 0
    for name in ("status", *given):
        if table.has(name):
            told = told | ~nw.col(name).is_null()
    rows = rows.with_columns(reported=nw.when(told).then(nw.lit(1)).otherwise(nw.lit(0)))
    sums = [n for n in ("cost", "segments") if table.has(n)]
    sums = [{"cost": "cost_cents"}.get(n, n) for n in sums]
    highest = ["order_amount_cents"] if table.has("order_amount") else []
    people = rows.group_by("test", "customer").agg(
        nw.col("arm").min(),
        nw.col("arm").max().alias("last_arm"),
        nw.col("crowd_code").min().alias("crowd"),
        nw.col("crowd_code").max().alias("last_crowd"),
        nw.col("channel").min(),
        nw.col("held").max(),
        nw.col("sent_at").min(),
        nw.col("sent_on").min(),
        nw.len().alias("rows"),
        nw.col("reported").max(),
        *(nw.col(name).min() for name in given),
        *(nw.col(name).sum() for name in sums),
        *(nw.col(name).max() for name in highest),
    )
    return people.with_columns(
        arms=_two(nw.col("arm") != nw.col("last_arm")),
        crowds=_two(nw.col("crowd") != nw.col("last_crowd")),
        window=_window(table, rules.window_days, windows),
    ).drop("last_arm", "last_crowd")


def _two(differ: nw.Expr) -> nw.Expr:
    import narwhals as nw

    return nw.when(differ).then(nw.lit(2)).otherwise(nw.lit(1))


def _window(table: Table, days: int, windows: Mapping[str, int]) -> nw.Expr:
    """Days of the window by test."""
    import narwhals as nw

    window = nw.lit(days)
    for name, length in windows.items():
        code = table.code("test_id", name) if table.has("test_id") else -1
        if code >= 0:
            window = nw.when(nw.col("test") == code).then(nw.lit(length)).otherwise(window)
    return window


def _outcomes(
    people: nw.LazyFrame, table: Table, as_of_day: int, rules: CopyTestsSettings
) -> nw.LazyFrame:
    """The people with their outcomes, null where the window is not over."""
    import narwhals as nw

    sent, window = nw.col("sent_at"), nw.col("window") * _DAY
    report_days = -(-rules.report_hours // 24)
    over = nw.col("sent_on") + nw.col("window") <= as_of_day
    kept_over = nw.col("sent_on") + nw.col("window") + rules.kept_days <= as_of_day
    closed = nw.col("sent_on") + report_days <= as_of_day
    flags: dict[str, nw.Expr] = {}
    for name, column in _TIMED.items():
        if table.has(column):
            report = name in _REPORTED
            length = nw.lit(rules.report_hours * _HOUR) if report else window
            time = nw.col(column)
            seen = ~time.is_null() & (time >= sent) & (time <= sent + length)
            flags[name] = _flag(seen, closed if report else over)
    if table.has("friend_added_at", "friend_removed_at"):
        added, gone = nw.col("friend_added_at"), nw.col("friend_removed_at")
        friend = ~added.is_null() & (added >= sent) & (added <= sent + window)
        left = ~gone.is_null() & (gone >= added) & (gone - added <= rules.kept_days * _DAY)
        flags["friend_kept"] = _flag(friend & ~left.fill_null(False), kept_over)
        flags["friend_removed"] = _flag(friend & left.fill_null(False), kept_over)
    late = nw.lit(0)
    if table.has("delivered_at"):
        delay = nw.col("delivered_at") - sent
        after = (delay > rules.report_hours * _HOUR).fill_null(False)
        late = nw.when(after).then(nw.lit(1)).otherwise(nw.lit(0))
    if table.has("order_amount", "ordered_at"):
        bought = (nw.col("ordered_at") >= sent) & (nw.col("ordered_at") <= sent + window)
        amount = nw.col("order_amount_cents").fill_null(0)
        value = nw.when(bought.fill_null(False)).then(amount).otherwise(nw.lit(0))
        flags["value_cents"] = nw.when(over).then(value.cast(nw.Int64))
    drop = [n for n in (*_TIMES, "order_amount_cents") if n in people.collect_schema().names()]
    return people.with_columns(late=late, **flags).drop(drop)


def _flag(seen: nw.Expr, known: nw.Expr) -> nw.Expr:
    import narwhals as nw

    value = nw.when(seen).then(nw.lit(1)).otherwise(nw.lit(0))
    return nw.when(known).then(value).cast(nw.Int32)


def _with_spend_before(frame: nw.LazyFrame, orders: nw.LazyFrame, days: int) -> nw.LazyFrame:
    """The people with what they spent in the days before the send: counted orders, net."""
    import narwhals as nw

    counted = orders.filter(nw.col("reason") == COUNTED).select("customer", "paid_at", "net_cents")
    pairs = frame.select("test", "customer", "sent_at").join(counted, on="customer")
    wait = nw.col("sent_at") - nw.col("paid_at")
    before = (
        pairs.filter((wait > 0) & (wait <= days * _DAY))
        .group_by("test", "customer")
        .agg(nw.col("net_cents").sum().alias("before_cents"))
    )
    joined = frame.join(before, on=["test", "customer"], how="left")
    return joined.with_columns(before_cents=nw.col("before_cents").fill_null(0).cast(nw.Int64))
