"""How a test differs from the plan that was filed for it: in forms.yml, and in what was sent.

A deviation is told, not judged: the readout shows each, and none is put right behind the reader's
back. The words of texts and scripts are in no deviation, only that they were changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.copy_tests.plan_changes import plan_changes
from privdom_kit.engine import collect
from privdom_kit.estimates import sample_ratio_test
from privdom_kit.formats import day_date, is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.suppression import suppress

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.filed_plans import FiledPlan
    from privdom_kit.copy_tests.start import CopyBase

#: What stands for the arm held back, whatever the deliveries call it.
HELD_BACK = "held_back"
# Channels that the rows of a test may name: a call with a text message is two deliveries.
_PARTS = {"call_sms": {"call_sms", "call", "sms"}}
_QUARTER = 900  # seconds; no zone is off by less
_MOST_CHANNELS = 10
_MOST_MOMENTS = 20_000  # quarters of an hour in which a test was sent


@dataclass(frozen=True, slots=True, eq=False)
class Deviation:
    """One difference between a filed plan and what became of it.

    Attributes:
        field: What differs: ``plan`` (none was filed, or after the first send), a field of the
            plan that forms.yml states otherwise today, or, of what was sent: ``arms, crowds,
            channel, starts_on, ends_on, sizes, holdout_share, send_hour``.
        filed: What the plan says; None where it says nothing or is not to be shown.
        found: What is found instead; None where there is none, or too few people to be shown.
        sentence: The difference in words, without the name of the test.
        subject: The arm, crowd or guard-rail that it is about; empty where it is the whole test.
    """

    field: str
    filed: Any
    found: Any
    sentence: Message
    subject: str = ""


def deviations(base: CopyBase, test: str) -> tuple[Deviation, ...]:
    """All deviations of a test from its filed plan.

    Without a filed plan there is one deviation, which says so. What cannot be checked (crowds that
    the deliveries do not name) is a deviation too. A test that was not sent yet differs in
    forms.yml alone.

    Args:
        base: The client.
        test: Name of the test.
    """
    filed = base.filed.get(test)
    if filed is None:
        words = msg("No plan was filed before the send.")
        return (Deviation("plan", None, None, words),)
    today = next((plan for plan in base.plans if plan.id == test), None)
    found = [
        Deviation(change.field, change.filed, change.found, change.sentence, change.subject)
        for change in plan_changes(filed.test, today)
    ]
    if test in base.tests():
        found += _sent_otherwise(base, filed)
    return tuple(found)


def filed_late(base: CopyBase, test: str) -> bool | None:
    """Whether the plan of a test was filed after its first send.

    None: no plan was filed, nothing was sent, or both were on the same day, of which the dates do
    not tell which was first.
    """
    filed, first = base.filed.get(test), first_send(base, test)
    if filed is None or first is None:
        return None
    made = dt.date.fromisoformat(filed.filed_on)
    return None if made == first else made > first


def first_send(base: CopyBase, test: str) -> dt.date | None:
    """Day of the first send of a test; None where nothing was sent."""
    if base.units is None or test not in base.tests():
        return None
    days = _send_days(base, test)
    return None if is_missing(days["first"]) else day_date(int(days["first"]))


def _sent_otherwise(base: CopyBase, filed: FiledPlan) -> Iterator[Deviation]:
    test = filed.test.id
    cells = base.cells[base.cells["test"] == test]
    yield from _filing(base, filed)
    yield from _dates(base, filed)
    yield from _channel(base, filed)
    yield from _arms(filed, cells)
    yield from _crowds(base, filed, cells)
    yield from _holdout(base, filed, cells)
    yield from _sizes(base, filed, cells)
    yield from _hours(base, filed)


def _filing(base: CopyBase, filed: FiledPlan) -> Iterator[Deviation]:
    first = first_send(base, filed.test.id)
    if first is None or dt.date.fromisoformat(filed.filed_on) < first:
        return
    values = {"filed": filed.filed_on, "first": first}
    words = (
        msg(
            "The plan was filed on data up to {filed:date}, after the first send on {first:date}.",
            **values,
        )
        if filed_late(base, filed.test.id)
        else msg(
            "The plan was filed on data up to {filed:date}, the day of the first send: whether "
            "before it cannot be told.",
            filed=filed.filed_on,
        )
    )
    yield Deviation("plan", filed.filed_on, first.isoformat(), words)


# ---------------------------------------------------------------------------------------------
# Dates, channel, hours


def _send_days(base: CopyBase, test: str) -> Any:
    """First and last day on which somebody was first sent to: ``first, last``."""
    import narwhals as nw

    sent = _sent(base, test)
    days = sent.select(first=nw.col("sent_on").min(), last=nw.col("sent_on").max())
    return collect(days, limit=1).iloc[0]


def _sent(base: CopyBase, test: str) -> Any:
    """The people of a test to whom something was sent, lazily."""
    import narwhals as nw

    units = base.units
    assert units is not None
    code = units.tests.index(test) if test in units.tests else -1
    return units.frame.filter((nw.col("test") == code) & (nw.col("held") == 0))


def _dates(base: CopyBase, filed: FiledPlan) -> Iterator[Deviation]:
    plan, days = filed.test, _send_days(base, filed.test.id)
    if is_missing(days["first"]):
        return
    first, last = day_date(int(days["first"])), day_date(int(days["last"]))
    if plan.starts_on and first < plan.starts_on:
        words = msg(
            "The first send was on {found:date}, before the planned start on {filed:date}.",
            found=first,
            filed=plan.starts_on,
        )
        yield Deviation("starts_on", plan.starts_on.isoformat(), first.isoformat(), words)
    if plan.ends_on and last > plan.ends_on:
        words = msg(
            "The last people were first sent to on {found:date}, after the planned end on "
            "{filed:date}.",
            found=last,
            filed=plan.ends_on,
        )
        yield Deviation("ends_on", plan.ends_on.isoformat(), last.isoformat(), words)


def _channel(base: CopyBase, filed: FiledPlan) -> Iterator[Deviation]:
    units = base.units
    assert units is not None
    codes = collect(_sent(base, filed.test.id).select("channel").unique(), limit=_MOST_CHANNELS)
    found = {units.channel_name(int(code)) for code in codes["channel"].dropna() if code >= 0}
    planned = filed.test.channel
    if others := sorted(found - _PARTS.get(planned, {planned})):
        words = msg(
            "Sent by {found}; planned was {filed}.",
            found=join_messages([label(name) for name in others]),
            filed=label(planned),
        )
        yield Deviation("channel", planned, ", ".join(others), words)


def _hours(base: CopyBase, filed: FiledPlan) -> Iterator[Deviation]:
    """People first sent to outside the hours that begin with the planned one."""
    planned, spread = filed.test.send_hour, base.settings.copy_tests.send_spread_hours
    if planned is None:
        return
    counts = _people_by_hour(base, filed.test.id)
    if counts is None:
        words = msg("The hours of sending could not be checked: the client's zone is not known.")
        yield Deviation("send_hour", planned, None, words)
        return
    allowed = {(planned + more) % 24 for more in range(spread)}
    people = sum(counts.values())
    outside = sum(number for hour, number in counts.items() if hour not in allowed)
    least = base.settings.privacy.min_cell
    if not outside:
        return
    if outside < least or 0 < people - outside < least:
        words = msg(
            "Some people were first sent to outside the {spread:count} hours from {hour:count} "
            "o'clock on.",
            spread=spread,
            hour=planned,
        )
        yield Deviation("send_hour", planned, None, words)
        return
    words = msg(
        "{outside:count} of {people:count} people ({share:percent}) were first sent to outside the "
        "{spread:count} hours from {hour:count} o'clock on.",
        outside=outside,
        people=people,
        share=outside / people,
        spread=spread,
        hour=planned,
    )
    yield Deviation("send_hour", planned, outside, words)


def _people_by_hour(base: CopyBase, test: str) -> dict[int, int] | None:
    """People by the hour of the client's clock in which they were first sent to."""
    import zoneinfo

    import narwhals as nw

    if base.timezone is None:
        return None
    zone = zoneinfo.ZoneInfo(base.timezone)
    moments = _sent(base, test).with_columns(moment=nw.col("sent_at") // _QUARTER)
    counts = moments.group_by("moment").agg(nw.len().alias("people"))
    found = dict[int, int]()
    for moment, people in collect(counts, limit=_MOST_MOMENTS).itertuples(index=False):
        hour = dt.datetime.fromtimestamp(int(moment) * _QUARTER, zone).hour
        found[hour] = found.get(hour, 0) + int(people)
    return found


# ---------------------------------------------------------------------------------------------
# Arms, crowds, people


def _arms(filed: FiledPlan, cells: pd.DataFrame) -> Iterator[Deviation]:
    sent = set(cells.loc[~cells["held"], "arm"])
    planned = [arm.name for arm in filed.test.arms]
    for name in sorted(sent - set(planned)):
        words = msg("The arm {arm:quote} was sent and is not in the plan.", arm=name)
        yield Deviation("arms", None, name, words, name)
    for name in planned:
        if name not in sent:
            words = msg("The arm {arm:quote} was planned and nobody was sent it.", arm=name)
            yield Deviation("arms", name, None, words, name)


def _crowds(base: CopyBase, filed: FiledPlan, cells: pd.DataFrame) -> Iterator[Deviation]:
    planned = [crowd.name for crowd in filed.test.crowds]
    sent = set(cells.loc[~cells["held"], "crowd"].dropna())
    if planned and not base.base.has("deliveries", "crowd"):
        words = msg("The deliveries name no crowds: those of the plan could not be checked.")
        yield Deviation("crowds", ", ".join(planned), None, words)
        return
    for name in sorted(sent - set(planned)):
        words = msg("The crowd {crowd:quote} was sent to and is not in the plan.", crowd=name)
        yield Deviation("crowds", None, name, words, name)
    for name in planned:
        if name not in sent:
            words = msg("The crowd {crowd:quote} was planned and was sent nothing.", crowd=name)
            yield Deviation("crowds", name, None, words, name)
    if planned and cells.loc[~cells["held"], "crowd"].isna().any():
        words = msg("People of no crowd were sent to, and the plan names its crowds.")
        yield Deviation("crowds", None, None, words)


def _holdout(base: CopyBase, filed: FiledPlan, cells: pd.DataFrame) -> Iterator[Deviation]:
    """The share held back, where it is further from the plan than chance would have it."""
    held = int(cells.loc[cells["held"], "people"].sum())
    sent = int(cells["people"].sum()) - held
    planned = filed.test.holdout_share
    alarm = base.settings.copy_tests.ratio_alarm
    if held and planned and sent:
        if sample_ratio_test((held, sent), (planned, 1 - planned)).p_value >= alarm:
            return
    elif not held and not planned:
        return
    least = base.settings.privacy.min_cell
    if 0 < held < least or 0 < sent < least:
        words = msg(
            "Other than {filed:percent} of people were held back; fewer than {least:count} people "
            "are on one side.",
            filed=planned,
            least=least,
        )
        yield Deviation("holdout_share", planned, None, words)
        return
    words = msg(
        "{held:count} of {people:count} people ({found:percent}) were held back; planned were "
        "{filed:percent}.",
        held=held,
        people=held + sent,
        found=held / (held + sent),
        filed=planned,
    )
    yield Deviation("holdout_share", planned, held / (held + sent), words)


def _sizes(base: CopyBase, filed: FiledPlan, cells: pd.DataFrame) -> Iterator[Deviation]:
    """Crowds and arms with fewer people than planned, by more than is let pass."""
    table = _sizes_table(base, filed, cells)
    if table is None:
        return
    limit = 1 - base.settings.copy_tests.short_share
    least = base.settings.privacy.min_cell
    short = table["people"] < table["planned"] * limit
    shown, _ = suppress(table, "people", (), least, (("crowd",), ("arm",)))
    for line in shown[short].itertuples(index=False):
        name, subject = _cell_name(line.crowd, line.arm), line.crowd or line.arm
        if is_missing(line.people):
            words = msg(
                "{name:quote}: fewer people are in the test than the {filed:count} planned; how "
                "many is not shown, to protect people.",
                name=name,
                filed=line.planned,
            )
            yield Deviation("sizes", int(line.planned), None, words, subject)
            continue
        words = msg(
            "{name:quote}: {found:count} people are in the test; planned were {filed:count}.",
            name=name,
            found=line.people,
            filed=line.planned,
        )
        yield Deviation("sizes", int(line.planned), int(line.people), words, subject)


def _cell_name(crowd: str, arm: str) -> Message:
    shown = label("held_back") if arm == HELD_BACK else arm
    if not crowd:
        return msg("{arm:quote}", arm=shown)
    return msg("{crowd:quote}, {arm:quote}", crowd=crowd, arm=shown)


def _sizes_table(base: CopyBase, filed: FiledPlan, cells: pd.DataFrame) -> pd.DataFrame | None:
    """People planned and found, by crowd and arm of the plan: ``crowd, arm, planned, people``.

    The arm held back is one, whatever it is called; a crowd that is not named is "".
    """
    import pandas as pd

    if not filed.sizes:
        return None
    planned = pd.DataFrame(
        [
            {
                "crowd": size.get("crowd") or "",
                "arm": HELD_BACK
                if str(size["arm"]).lower() in base.settings.copy_tests.control_arms
                else size["arm"],
                "planned": int(size["people"]),
            }
            for size in filed.sizes
        ]
    )
    named = (planned["crowd"] != "").any() and base.base.has("deliveries", "crowd")
    found = cells.assign(
        crowd=cells["crowd"].fillna("") if named else "",
        arm=cells["arm"].mask(cells["held"], HELD_BACK),
    )
    if not named:
        planned["crowd"] = ""
    keys = ["crowd", "arm"]
    planned = planned.groupby(keys, as_index=False, sort=False)["planned"].sum()
    counted = found.groupby(keys, as_index=False)["people"].sum()
    table = planned.merge(counted, on=keys, how="left")
    return table.assign(people=table["people"].fillna(0).astype("int64"))
