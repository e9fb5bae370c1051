"""Relationship tiers: stranger, acquaintance, friend, family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import add_rate, interval_figures, judge_change, rate
from privdom_kit.engine import checkpoint, collect
from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.layering.judging import answer, compare_shares, unanswered, used_settings
from privdom_kit.layering.people import SNAPSHOTS
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.tiers import TIERS, tiers_at

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.estimates import Interval
    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

METHODS = ("S038",)
_UNKNOWN = -1
_RULES = (
    *("tier_window_days", "tier_friend_orders", "tier_friend_replies", "tier_family_referrals"),
    *("period_days", "min_customers", "change_tolerance", "confidence_level"),
)
_ENDS = ("", "_ci_lower", "_ci_upper")


def measure_relationship_tiers(base: CustomerBase, settings: Settings) -> Result:
    """Everyone known by tier, now and one period before, and who moved (S038).

    Over the ``tier_window_days`` up to a date: family is a friend who invited
    ``tier_family_referrals`` people; friend who bought on ``tier_friend_orders`` days, or bought
    and replied ``tier_friend_replies`` times; acquaintance who bought or replied at all; stranger
    everybody else. Replies are touches that come from the customer. A tier whose evidence was not
    given stays empty and is null, not 0.

    The verdict compares the share that moved to a lower tier with the share in the period before
    that: people known for longer have cooled in every brand, so tiers at two dates alone would
    always look worse. Without orders, touches or referrals nothing is ``clear``.

    Returns:
        ``table``: tier, customers, known_people, share and interval, previous_customers,
        previous_share. ``tables["moves"]``: from_tier, to_tier, customers, from_customers,
        share_of_from; absent where the records begin too late for the period before.
        ``figures``: moved_down and moved_up among ``moved_base`` (known at both dates), the same
        share one period earlier, and the change.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people()
    if reason is None and base.purchases is None and not base.has("touches", "direction"):
        reason = msg("Neither orders nor touches of customers were given, so no tier can be told.")
    if reason is not None:
        return unanswered(base, "relationship_tiers", METHODS, Verdict.NOT_MEASURED, reason, used)
    chosen = settings.layering
    counts = _counts(base, chosen)
    late, too_late = (_begins_late(base, chosen, base.snapshots[i]) for i in (1, 2))
    table, cells = _table(counts, base, settings, late is None)
    tables, more = _moves(counts, base, settings) if late is None else ({}, 0)
    now = _moved(counts, "tier_before", "tier") if late is None else None
    before = _moved(counts, "tier_earlier", "tier_before") if too_late is None else None
    figures, change = _figures(now, before, settings)
    return answer(
        base,
        "relationship_tiers",
        METHODS,
        _judge(change, base, chosen),
        table,
        used,
        figures={"known_people": int(counts["customers"].sum()), **figures},
        tables=tables,
        notes=(
            *_notes(base, chosen, late, too_late),
            *suppression_note(cells + more, settings.privacy.min_cell),
        ),
    )


def _judge(change: Interval | None, base: CustomerBase, settings: LayeringSettings) -> Verdict:
    """The verdict on the moves down; nothing is clear while evidence of a tier is missing."""
    verdict = judge_change(change, settings.change_tolerance, "up")
    complete = {"orders", "touches", "referrals"} <= set(base.tables)
    return Verdict.WATCH if verdict is Verdict.CLEAR and not complete else verdict


def with_tiers(base: CustomerBase, settings: LayeringSettings) -> nw.LazyFrame:
    """Everyone with ``tier`` now, ``tier_before`` and ``tier_earlier``: codes into :data:`TIERS`.

    Returns:
        ``customer`` and the three; null where not known yet.
    """
    days = base.days if base.purchases is not None else None
    ends = dict(zip(SNAPSHOTS, base.snapshots, strict=True))
    return checkpoint(tiers_at(base.people, base.tables, days, ends, settings))


def _counts(base: CustomerBase, settings: LayeringSettings) -> pd.DataFrame:
    """People by their three tiers; -1 where they were not known yet."""
    import narwhals as nw

    keys = [f"tier{ending}" for ending in SNAPSHOTS]
    rows = with_tiers(base, settings).with_columns(nw.col(*keys).fill_null(_UNKNOWN))
    grouped = rows.group_by(*keys).agg(nw.len().alias("customers"))
    return collect(grouped, limit=(len(TIERS) + 1) ** 3).astype("int64")


def _begins_late(base: CustomerBase, settings: LayeringSettings, end: int) -> str | None:
    """The first table of evidence whose records begin after the window up to ``end`` does, if any.

    What was not recorded then would look like a tier climbed since.
    """
    import narwhals as nw

    needed = end - settings.tier_window_days + 1
    for table, day in (
        ("orders", "paid_on"),
        ("touches", "occurred_on"),
        ("referrals", "invited_on"),
    ):
        if table in base.tables:
            rows = base.tables[table].frame.select(nw.col(day).min().alias("first"))
            first = collect(rows, limit=1)["first"].iloc[0]
            if is_missing(first) or int(first) > needed:
                return table
    return None


def _table(
    counts: pd.DataFrame, base: CustomerBase, settings: Settings, has_before: bool
) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    level, least = settings.layering.confidence_level, settings.privacy.min_cell
    codes = range(len(TIERS))
    now = counts.groupby("tier")["customers"].sum().reindex(codes, fill_value=0)
    before = counts.groupby("tier_before")["customers"].sum().reindex(codes, fill_value=0)
    table = pd.DataFrame({"tier": TIERS, "customers": now.to_numpy("int64")})
    table["known_people"] = int(now.sum())
    table = add_rate(table, "customers", "known_people", "share", level)
    table["previous_customers"] = before.to_numpy("int64")
    table["previous_known_people"] = int(before.sum())
    table = add_rate(table, "previous_customers", "previous_known_people", "previous_share", level)
    rates = {n: [f"{n}{end}" for end in _ENDS] for n in ("share", "previous_share")}
    shown, cells = suppress(table, "customers", rates["share"], least)
    shown, more = suppress(shown, "previous_customers", rates["previous_share"], least)
    absent = shown["tier"].isin(_unmeasured(base))
    for column in ("customers", "previous_customers", *rates["share"], *rates["previous_share"]):
        gone = absent | (not has_before and column.startswith("previous"))
        shown[column] = shown[column].convert_dtypes().mask(gone)
    if not has_before:
        shown["previous_known_people"] = None
    return shown, cells + more


def _unmeasured(base: CustomerBase) -> tuple[str, ...]:
    return () if "referrals" in base.tables else ("family",)


def _moved(counts: pd.DataFrame, start: str, end: str) -> dict[str, int]:
    """People known at both dates by the way they moved."""
    known = counts[(counts[start] != _UNKNOWN) & (counts[end] != _UNKNOWN)]
    step, people = known[end] - known[start], known["customers"]
    return {
        "base": int(people.sum()),
        "down": int(people[step < 0].sum()),
        "up": int(people[step > 0].sum()),
    }


def _figures(
    now: dict[str, int] | None, before: dict[str, int] | None, settings: Settings
) -> tuple[dict[str, Any], Interval | None]:
    """The moves and their change, each null where unmeasured or made by too few to show."""
    least, level = settings.privacy.min_cell, settings.layering.confidence_level
    change = None
    if now and before:
        pairs = (now["down"], now["base"]), (before["down"], before["base"])
        change = compare_shares(*pairs, settings)
    now, before = (
        None if moved is None or any(0 < n < least for n in moved.values()) else moved
        for moved in (now, before)
    )
    nobody = {"base": 0, "down": 0, "up": 0}
    figures: dict[str, Any] = {
        "moved_base": now and now["base"],
        "previous_moved_base": before and before["base"],
    }
    for way in ("down", "up"):
        found = now or nobody
        figures[f"moved_{way}"] = now and now[way]
        figures |= rate(found[way], found["base"], f"moved_{way}_share", level)
    found = before or nobody
    figures |= rate(found["down"], found["base"], "previous_moved_down_share", level)
    shown = change if now and before else None
    return figures | interval_figures("moved_down_change", shown), change


def _moves(
    counts: pd.DataFrame, base: CustomerBase, settings: Settings
) -> tuple[dict[str, pd.DataFrame], int]:
    import pandas as pd

    codes = [code for code, tier in enumerate(TIERS) if tier not in _unmeasured(base)]
    pairs = counts.groupby(["tier_before", "tier"])["customers"].sum()
    rows = [(a, b) for a in (*codes, _UNKNOWN) for b in codes]
    table = pd.DataFrame(rows, columns=["from_tier", "to_tier"])
    table["customers"] = pairs.reindex(rows, fill_value=0).to_numpy("int64")
    table["from_customers"] = table.groupby("from_tier")["customers"].transform("sum")
    table = add_rate(
        table, "customers", "from_customers", "share_of_from", settings.layering.confidence_level
    )
    names = dict(enumerate(TIERS)) | {_UNKNOWN: "not_yet_known"}
    table = table.replace({"from_tier": names, "to_tier": names})
    shown, cells = suppress(
        table,
        "customers",
        [f"share_of_from{end}" for end in _ENDS],
        settings.privacy.min_cell,
        groups=(("from_tier",), ("to_tier",)),
    )
    return {"moves": shown}, cells


def _notes(
    base: CustomerBase, settings: LayeringSettings, late: str | None, too_late: str | None
) -> tuple[Message, ...]:
    notes = [
        msg(
            "Within {window:days}: acquaintance bought or replied; friend bought on {orders:count} "
            "days, or bought and replied {replies:count} times; family is a friend who invited "
            "{referrals:count} people or more.",
            window=settings.tier_window_days,
            orders=settings.tier_friend_orders,
            replies=settings.tier_friend_replies,
            referrals=settings.tier_family_referrals,
        )
    ]
    if base.purchases is None:
        notes.append(msg("No orders were given, so nobody can be a friend or family here."))
    if not base.has("touches", "direction"):
        notes.append(msg("No touches of customers were given: tiers rest on orders only."))
    if "referrals" not in base.tables:
        notes.append(
            msg("No referrals were given: who would be family is counted as a friend here.")
        )
    if late is not None:
        notes.append(
            msg(
                "The records of {table:text} do not reach back over the window of the period "
                "before, so moves between the tiers are not measured.",
                table=label(late),
            )
        )
    elif too_late is not None:
        notes.append(
            msg(
                "The records of {table:text} do not reach back over the windows of the two periods "
                "before, so whether moves have changed is not measured.",
                table=label(too_late),
            )
        )
    return tuple(notes)
