"""Audiences: lists to act on, with size, overlap and rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import add_rate, rate
from privdom_kit.engine import collect
from privdom_kit.labels import label
from privdom_kit.layering.audience_rules import (
    AUDIENCES,
    METHODS,
    NOT_SUPPRESSED,
    members,
    rules,
    unmeasured,
)
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.layering.measure_worth import CustomerValue, measure_customer_value
from privdom_kit.layering.states import HIGH_VALUE
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

_RULES = (
    *("due_window_days", "due_min_orders", "retained_cycles", "lapsed_cycles", "cycle_days"),
    *("value_share", "value_window_days", "super_user_share", "seed_share", "seed_min_customers"),
    *("value_model", "value_horizon_days", "value_discount_rule", "value_holdout_days"),
    "confidence_level",
)
_ENDS = ("", "_ci_lower", "_ci_upper")


@dataclass(frozen=True, slots=True, eq=False)
class Audiences(Result):
    """The answer, and the people behind it, who stay in the engine.

    Attributes:
        members: See :func:`privdom_kit.layering.audience_rules.members`; None where unanswered.
        written: Names of the audiences that are large enough to be written.
    """

    members: Any = None
    written: tuple[str, ...] = ()


def measure_audiences(
    base: CustomerBase, settings: Settings, value: CustomerValue | None = None
) -> Audiences:
    """Whom to serve, win back, befriend, thank and look for: five lists that may overlap.

    Who opted out or complained (``deliveries``) or removed the brand (``contacts``) is left out
    and counted. A list of fewer than ``privacy.min_cell`` people, or a seed of fewer than
    ``seed_min_customers``, is not written. Lists say whom, not whether that is good, so the
    verdict is never ``clear``.

    Args:
        base: The base.
        settings: All settings.
        value: The answer of :func:`measure_customer_value`, where it is at hand; measured anew
            where not given.

    Returns:
        ``table``: audience, found_customers, suppressed_customers, customers, known_people, share
        and interval, file (null where none is written). ``tables["overlap"]``: audience,
        other_audience, customers in both, audience_customers, share_of_audience.
        ``figures``: high-value customers, those with a WeCom contact and their share (S010).
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people()
    if reason is not None:
        found = unanswered(base, "audiences", (), Verdict.NOT_MEASURED, reason, used)
        return _carrying(found, None, ())
    chosen = settings.layering
    value = value or measure_customer_value(base, settings)
    absent = unmeasured(base, chosen, value)
    people = members(base, chosen, value, absent)
    counts = _counts(people)
    sizes = _sizes(counts, absent)
    written = tuple(name for name in AUDIENCES if sizes[name][1] >= _least(name, settings))
    table, cells = _table(sizes, int(counts["customers"].sum()), absent, written, settings)
    overlap, more = _overlap(counts, written, settings)
    result = answer(
        base,
        "audiences",
        tuple(METHODS[n] for n in AUDIENCES if n in METHODS and n not in absent),
        _judge(absent, written),
        table,
        used,
        figures=_contact_figures(counts, absent, settings),
        tables={"overlap": overlap} if len(overlap) else {},
        notes=(
            *_notes(base, chosen, absent),
            *suppression_note(cells + more, settings.privacy.min_cell),
        ),
    )
    return _carrying(result, people, written)


def _counts(people: Any) -> pd.DataFrame:
    """People by all flags at once: what sizes and overlaps are made of."""
    import narwhals as nw

    high = nw.when(nw.col("state") == HIGH_VALUE).then(nw.lit(1)).otherwise(nw.lit(0))
    keys = [*AUDIENCES, "suppressed", "high_value", "contact"]
    grouped = people.with_columns(high_value=high).group_by(*keys)
    return collect(grouped.agg(nw.len().alias("customers")), limit=3 * 2**7).astype("int64")


def _sizes(counts: pd.DataFrame, absent: Mapping[str, Message]) -> dict[str, tuple[int, int]]:
    """People found and people left after suppression, by audience."""
    free = counts["suppressed"] == NOT_SUPPRESSED
    people = counts["customers"]
    return {
        name: (0, 0)
        if name in absent
        else (
            int(people[counts[name] == 1].sum()),
            int(people[(counts[name] == 1) & free].sum()),
        )
        for name in AUDIENCES
    }


def _least(name: str, settings: Settings) -> int:
    least = max(settings.privacy.min_cell, 1)
    return max(least, settings.layering.seed_min_customers) if name == "lookalike_seed" else least


def _table(
    sizes: Mapping[str, tuple[int, int]],
    known: int,
    absent: Mapping[str, Message],
    written: tuple[str, ...],
    settings: Settings,
) -> tuple[pd.DataFrame, int]:
    """One row an audience; a small list, or a small number left out, is not told."""
    import pandas as pd

    least, level = settings.privacy.min_cell, settings.layering.confidence_level
    rows = [
        {
            "audience": name,
            "found_customers": found,
            "suppressed_customers": found - left,
            "customers": left,
            "known_people": known,
            "file": f"audiences/{name}.csv" if name in written else None,
        }
        for name, (found, left) in sizes.items()
    ]
    table = add_rate(pd.DataFrame(rows), "customers", "known_people", "share", level)
    counts = ["found_customers", "suppressed_customers", "customers"]
    table = table.astype(dict.fromkeys(counts, "Int64"))
    few = {c: (table[c] > 0) & (table[c] < least) for c in counts}
    small, telling = few["customers"], few["suppressed_customers"] | few["found_customers"]
    gone = table["audience"].isin(absent)
    for column in ("customers", *(f"share{end}" for end in _ENDS)):
        table[column] = table[column].mask(small | gone)
    for column in ("found_customers", "suppressed_customers"):
        # The list's size and one of these give the other away.
        table[column] = table[column].mask(small | telling | gone)
    return table, int((small | telling).sum())


def _overlap(
    counts: pd.DataFrame, written: tuple[str, ...], settings: Settings
) -> tuple[pd.DataFrame, int]:
    """How many of each written list are in each other one; small overlaps and rests are hidden."""
    import pandas as pd

    free = counts[counts["suppressed"] == NOT_SUPPRESSED]
    people = free["customers"]
    rows = [
        {
            "audience": one,
            "other_audience": other,
            "customers": int(people[(free[one] == 1) & (free[other] == 1)].sum()),
            "audience_customers": int(people[free[one] == 1].sum()),
        }
        for one in written
        for other in written
        if one != other
    ]
    if not rows:
        return pd.DataFrame(), 0
    level, least = settings.layering.confidence_level, settings.privacy.min_cell
    table = add_rate(
        pd.DataFrame(rows), "customers", "audience_customers", "share_of_audience", level
    )
    both = table["customers"]
    rest = table["audience_customers"] - both
    pair = [
        frozenset(names) for names in zip(table["audience"], table["other_audience"], strict=True)
    ]
    few = ((both > 0) & (both < least)) | ((rest > 0) & (rest < least))
    # The same overlap stands in the other list's row.
    hidden = few.groupby(pair).transform("max").astype(bool)
    for column in ("customers", *(f"share_of_audience{end}" for end in _ENDS)):
        table[column] = table[column].convert_dtypes().mask(hidden)
    return table, int(hidden.sum())


def _contact_figures(
    counts: pd.DataFrame, absent: Mapping[str, Message], settings: Settings
) -> dict[str, Any]:
    """High-value customers and how many of them have a live WeCom contact (S010)."""
    people, high = counts["customers"], counts["high_value"] == 1
    n, x = int(people[high].sum()), int(people[high & (counts["contact"] == 1)].sum())
    least = settings.privacy.min_cell
    hidden = "high_value_no_contact" in absent or any(0 < k < least for k in (n, x, n - x))
    level = settings.layering.confidence_level
    return {
        "high_value_customers": None if hidden else n,
        "high_value_contacts": None if hidden else x,
        **rate(x, 0 if hidden else n, "high_value_contact_share", level),
    }


def _judge(absent: Mapping[str, Message], written: tuple[str, ...]) -> Verdict:
    if written:
        return Verdict.WATCH
    return Verdict.NOT_MEASURED if len(absent) == len(AUDIENCES) else Verdict.NOT_ENOUGH_DATA


def _notes(
    base: CustomerBase, settings: LayeringSettings, absent: Mapping[str, Message]
) -> tuple[Message, ...]:
    notes = [rule for name, rule in rules(settings).items() if name not in absent]
    notes += [
        msg("Not measured: {audience:text}. {reason:text}", audience=label(name), reason=reason)
        for name, reason in absent.items()
    ]
    if not base.has("deliveries", "opted_out_at"):
        notes.append(
            msg(
                "No deliveries with opted_out_at were given: who opted out is unknown. Take them "
                "out before sending."
            )
        )
    if base.has("contacts") and not base.has("contacts", "removed_at"):
        notes.append(msg("The contacts carry no removed_at: who removed the brand is unknown."))
    return tuple(notes)


def _carrying(result: Result, people: Any, written: tuple[str, ...]) -> Audiences:
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    return Audiences(**values, members=people, written=written)
