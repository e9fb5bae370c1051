"""What people contribute: reading, sharing, recommending, buying."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.answers import add_rate, rate
from privdom_kit.engine import collect
from privdom_kit.labels import label
from privdom_kit.layering.judging import answer, unanswered, used_settings
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

METHODS = ("S198",)
PARTS = ("read", "share", "recommend", "buy")
FACTORS = (0.5, 2.0)  # each weight halved and doubled: what the sensitivity is defined by
_RULES = (
    *("value_window_days", "read_actions", "share_actions"),
    *(f"{part}_weight" for part in PARTS),
    *("contribution_top_share", "contribution_min_agreement"),
    *("min_customers", "confidence_level"),
)
_MOST_KINDS = 2_000_000
_ENDS = ("", "_ci_lower", "_ci_upper")


def measure_contribution(base: CustomerBase, settings: Settings) -> Result:
    """Known people by the weighted sum of standardised counts of what they did (S198).

    Over ``value_window_days``: reads and shares (touches of customers whose action is among
    ``read_actions`` and ``share_actions``), people invited, purchase days. Each count is taken
    less its mean over its standard deviation, times its weight. A part is recorded where its
    table, and for reads and shares such an action, occurs at all; a part not recorded is left out
    and said so, never taken as zero.

    Weights are a choice, so the ranks under each weight halved and doubled stand beside those
    under the weights in use (Spearman's rank correlation, equal scores sharing the mean rank).
    The verdict is about that: ``clear`` where all four parts are recorded and every rank
    agreement reaches ``contribution_min_agreement``, else ``watch``.

    Returns:
        ``table``: part, weight, contributors (people with at least one), known_people, share and
        interval, actions, top_actions and top_action_share (of the top people).
        ``tables["sensitivity"]``: part, weight_factor, weight, rank_agreement, top_people, stayed
        and top_stay_share (people in the top who stay there).
        ``figures``: known_people, contributors, top_people, lowest rank agreement.
    """
    used = used_settings(settings, *_RULES)
    parts = recorded_parts(base, settings.layering)
    reason = base.missing_people() or _too_few_parts(parts)
    if reason is not None:
        return unanswered(base, "contribution", METHODS, Verdict.NOT_MEASURED, reason, used)
    chosen = settings.layering
    kinds = _kinds(base, chosen, parts)
    weights = {part: getattr(chosen, f"{part}_weight") for part in parts}
    reason = _no_scores(kinds, weights)
    if reason is not None:
        return unanswered(base, "contribution", METHODS, Verdict.NOT_ENOUGH_DATA, reason, used)
    scores = contribution_scores(kinds, weights)
    top = top_people(scores, kinds["customers"], chosen.contribution_top_share)
    table, cells = _part_table(kinds, weights, top, settings)
    sensitivity, more = _sensitivity(kinds, weights, scores, top, settings)
    known = int(kinds["customers"].sum())
    agreement = float(sensitivity["rank_agreement"].min())
    some = int(kinds.loc[kinds[list(parts)].sum(axis=1) > 0, "customers"].sum())
    least = settings.privacy.min_cell
    small = 0 < some < least
    figures = {
        "known_people": known,
        "contributors": None if small else some,
        **rate(some, 0 if small else known, "contributor_share", chosen.confidence_level),
        "top_people": _unless_small(int(kinds.loc[top, "customers"].sum()), least),
        "lowest_agreement": agreement,
    }
    return answer(
        base,
        "contribution",
        METHODS,
        _judge(known, parts, agreement, chosen),
        table,
        used,
        figures=figures,
        tables={"sensitivity": sensitivity},
        notes=(*_notes(parts, chosen), *suppression_note(cells + more, least)),
    )


def recorded_parts(base: CustomerBase, settings: LayeringSettings) -> tuple[str, ...]:
    """The parts that the client's tables record at all."""
    actions = set()
    if base.has("touches", "action", "direction"):
        actions = set(base.tables["touches"].dictionaries.get("action", ()))
    recorded = {
        "read": bool(actions & set(settings.read_actions)),
        "share": bool(actions & set(settings.share_actions)),
        "recommend": "referrals" in base.tables,
        "buy": base.purchases is not None,
    }
    return tuple(part for part in PARTS if recorded[part])


def contribution_scores(kinds: pd.DataFrame, weights: dict[str, float]) -> NDArray:
    """Weighted sum of standardised counts, one value a row.

    Args:
        kinds: Distinct counts, a column a part, with the ``customers`` behind each row.
        weights: Weight by part; a part in which all are equal adds nothing.
    """
    n = kinds["customers"].to_numpy("float64")
    total = np.zeros(len(kinds))
    for part, weight in weights.items():
        count = kinds[part].to_numpy("float64")
        left = count - np.average(count, weights=n)
        spread = np.sqrt(np.average(left**2, weights=n))
        total += weight * left / spread if spread > 0 else 0
    # Sums in another order differ in their last bits: equal counts must score the same.
    return np.round(total, 9)


def rank_agreement(first: NDArray, second: NDArray, counts: NDArray) -> float:
    """Spearman's rank correlation of two scores over people; equal scores share the mean rank."""
    ranks = [_mean_ranks(scores, counts) for scores in (first, second)]
    left = [r - np.average(r, weights=counts) for r in ranks]
    spread = [np.average(one**2, weights=counts) for one in left]
    return float(np.average(left[0] * left[1], weights=counts) / np.sqrt(spread[0] * spread[1]))


def top_people(scores: NDArray, customers: pd.Series, share: float) -> NDArray:
    """Which rows are among the top ``share`` of people; equal scores are in or out together."""
    levels, place = np.unique(-scores, return_inverse=True)
    people = np.bincount(place, customers.to_numpy("float64"), minlength=len(levels))
    inside = np.cumsum(people) <= share * customers.sum() + 1e-9
    return inside[place]


def _mean_ranks(scores: NDArray, counts: NDArray) -> NDArray:
    levels, place = np.unique(scores, return_inverse=True)
    people = np.bincount(place, counts, minlength=len(levels))
    return (np.cumsum(people) - (people - 1) / 2)[place]


def _kinds(base: CustomerBase, settings: LayeringSettings, parts: tuple[str, ...]) -> pd.DataFrame:
    """Distinct counts and the people behind each: all that the scores need."""
    import narwhals as nw

    rows = base.people.select("customer")
    for part in parts:
        rows = rows.join(_part_counts(base, settings, part), on="customer", how="left")
    rows = rows.with_columns(nw.col(*parts).fill_null(0))
    grouped = rows.group_by(*parts).agg(nw.len().alias("customers"))
    found = collect(grouped, limit=_MOST_KINDS).astype("int64")
    return found.sort_values(list(parts), ignore_index=True)


def _part_counts(base: CustomerBase, settings: LayeringSettings, part: str) -> nw.LazyFrame:
    """``customer`` and how often they did it in the window."""
    import narwhals as nw

    start = base.as_of_day - settings.value_window_days
    if part == "buy":
        rows = base.days.filter(nw.col("day") > start)
    elif part == "recommend":
        invited = base.tables["referrals"].frame.filter(nw.col("invited_on") > start)
        invited = invited.filter(nw.col("referrer") != nw.col("customer"))
        pairs = invited.group_by("referrer", "customer").agg(nw.len().alias("times"))
        rows = pairs.select(nw.col("referrer").alias("customer"))
    else:
        touches = base.tables["touches"]
        wanted = settings.read_actions if part == "read" else settings.share_actions
        codes = [touches.code("action", name) for name in wanted]
        rows = touches.frame.filter(
            nw.col("direction") == touches.code("direction", "customer"),
            nw.col("action").is_in(codes),
            nw.col("occurred_on") > start,
        )
    rows = rows.filter(~nw.col("customer").is_null())
    counts = rows.group_by("customer").agg(nw.len().alias(part))
    return counts.with_columns(nw.col(part).cast(nw.Int64))


def _too_few_parts(parts: tuple[str, ...]) -> Message | None:
    if len(parts) > 1:
        return None
    return msg(
        "Contribution needs two or more of reading, sharing, recommending and buying; recorded: "
        "{parts:list}.",
        parts=_names(parts) if parts else (msg("none"),),
    )


def _no_scores(kinds: pd.DataFrame, weights: dict[str, float]) -> Message | None:
    """Why people cannot be told apart; None where they can."""
    if len(np.unique(contribution_scores(kinds, weights))) > 1:
        return None
    return msg("Nobody did more than anybody else in the window, or all weights are 0.")


def _names(parts: tuple[str, ...]) -> tuple[Message, ...]:
    return tuple(label(f"{part}_part") for part in parts)


def _judge(
    known: int, parts: tuple[str, ...], agreement: float, settings: LayeringSettings
) -> Verdict:
    if known < settings.min_customers:
        return Verdict.NOT_ENOUGH_DATA
    stable = agreement >= settings.contribution_min_agreement
    return Verdict.CLEAR if stable and len(parts) == len(PARTS) else Verdict.WATCH


def _part_table(
    kinds: pd.DataFrame, weights: dict[str, float], top: NDArray, settings: Settings
) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    n, rows = kinds["customers"], []
    for part, weight in weights.items():
        done = kinds[part] * n
        rows.append(
            {
                "part": f"{part}_part",
                "weight": weight,
                "contributors": int(n[kinds[part] > 0].sum()),
                "known_people": int(n.sum()),
                "actions": int(done.sum()),
                "top_actions": int(done[top].sum()),
            }
        )
    table = pd.DataFrame(rows)
    table["top_action_share"] = table["top_actions"] / table["actions"].where(table["actions"] > 0)
    level, least = settings.layering.confidence_level, settings.privacy.min_cell
    table = add_rate(table, "contributors", "known_people", "share", level)
    hides = ["actions", "top_actions", "top_action_share", *(f"share{end}" for end in _ENDS)]
    return suppress(table, "contributors", hides, least, groups=())


def _sensitivity(
    kinds: pd.DataFrame,
    weights: dict[str, float],
    scores: NDArray,
    top: NDArray,
    settings: Settings,
) -> tuple[pd.DataFrame, int]:
    import pandas as pd

    n, rows = kinds["customers"], []
    share = settings.layering.contribution_top_share
    for part, weight in weights.items():
        for factor in FACTORS:
            other = contribution_scores(kinds, weights | {part: factor * weight})
            stayed = top & top_people(other, n, share)
            rows.append(
                {
                    "part": f"{part}_part",
                    "weight_factor": factor,
                    "weight": factor * weight,
                    "rank_agreement": rank_agreement(scores, other, n.to_numpy("float64")),
                    "stayed": int(n[stayed].sum()),
                    "top_people": int(n[top].sum()),
                }
            )
    table = pd.DataFrame(rows)
    table["top_stay_share"] = table["stayed"] / table["top_people"].where(table["top_people"] > 0)
    least = settings.privacy.min_cell
    # Who left is told by who stayed, so few leavers hide the row as few stayers do.
    left = table["top_people"] - table["stayed"]
    few = ((left > 0) & (left < least)) | ((table["stayed"] > 0) & (table["stayed"] < least))
    for column in ("stayed", "top_stay_share"):
        table[column] = table[column].convert_dtypes().mask(few)
    small = (table["top_people"] > 0) & (table["top_people"] < least)
    table["top_people"] = table["top_people"].astype("Int64").mask(small)
    return table, int(few.sum())


def _unless_small(people: int, least: int) -> int | None:
    return None if 0 < people < least else people


def _notes(parts: tuple[str, ...], settings: LayeringSettings) -> tuple[Message, ...]:
    notes = [
        msg(
            "Counts of the last {days:days}, each less its mean over its standard deviation, times "
            "its weight. The weights are a choice, not a finding.",
            days=settings.value_window_days,
        )
    ]
    absent = tuple(part for part in PARTS if part not in parts)
    if absent:
        notes.append(
            msg(
                "Not recorded, so left out rather than taken as zero: {parts:list}.",
                parts=_names(absent),
            )
        )
    return tuple(notes)
