"""The member system: what the consultant saw of it, and what the data show of its work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, rate, used_settings
from privdom_kit.engine import collect
from privdom_kit.member_days import compare_member_days
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.rubrics import UNITS as RUBRIC_UNITS
from privdom_kit.rubrics import RubricScore, score_rubric
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

UNITS = {
    **RUBRIC_UNITS,
    "part": "text: part of the member system",
    "met_by": "count: raters who saw it, with evidence",
    "answered_by": "count: raters who answered",
    "parts_met": "count: parts that every rater who answered saw, with evidence",
    "parts_answered": "count: parts that somebody answered",
    "parts_asked": "count: parts asked",
    "tier": "text: tier of members",
    "members": "count: members",
    "member_share": "percent: share of members",
    "members_with_points": "count: members with points",
    "buyers": "count: people who bought in the period",
    "member_buyers": "count: of these, members at the time",
    "member_buyer_share": "percent: members among buyers",
    "net_spend": "money: net spend in the period",
    "member_net_spend": "money: net spend of members",
    "member_net_spend_share": "percent: share of members in net spend",
    "member_day": "text: member day",
    "has_theme": "text: whether it has a theme each time",
    "days": "count: member days in the period",
    "days_compared": "count: of these, with matched days",
    "buyers_per_day": "number: buyers on a member day",
    "matched_buyers_per_day": "number: buyers on a matched day",
    "buyer_uplift": "percent: more buyers than on matched days",
    "net_spend_per_day": "money: net spend on a member day",
    "matched_net_spend_per_day": "money: net spend on a matched day",
    "spend_uplift": "percent: more net spend than on matched days",
    "idle_member_days": "count: member days that bring no more buyers than others",
    "unsure_member_days": "count: member days whose uplift is not sure or not measured",
    "themeless_member_days": "count: member days without a theme",
}
QUESTION = Question("member_system", ("S071", "S072"), UNITS)
_MOST_TIERS = 200


def measure_member_system(base: Base, settings: Settings) -> Result:
    """Completeness of the member system out of five, members by tier, and what member days bring.

    A part counts where every rater who answered saw it with evidence; unanswered parts are named
    and are no zero. Members' share of buyers counts those registered by the day of the purchase.
    Member days are compared by :func:`~privdom_kit.member_days.compare_member_days`.

    Returns:
        ``table``: part, wording, status, met_by, answered_by, evidence; a row a part.
        ``tables``: tiers (tier, members, member_share), member_days (uplifts with intervals),
        agreement of raters. act: fewer parts than ``member_parts_least`` although enough were
        answered to say so, or a member day with surely no more buyers than others. watch: parts
        unanswered, an uplift that is not sure, no theme. not_measured: no ratings, no members,
        no member days.
    """
    lines = settings.touchpoints
    used = used_settings(
        settings, "touchpoints.member_parts_least", "touchpoints.member_day_period_days",
        "touchpoints.member_day_weeks", "touchpoints.member_day_least",
        "touchpoints.confidence_level", "touchpoints.kappa_weights",
        "touchpoints.kappa_min_ratings", "touchpoints.least_kappa",
    )  # fmt: skip
    score = score_rubric(
        base.forms.rubrics,
        "member_system",
        weights=lines.kappa_weights,
        min_ratings=lines.kappa_min_ratings,
        level=lines.confidence_level,
    )
    days = compare_member_days(base, settings)
    if not score.answered and "members" not in base.tables and not len(days):
        reason = msg("forms.yml rates no member system, and no members table was given.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    parts = _parts(score)
    tiers, cells = _tiers(base, settings)
    spending, hidden = _member_spending(base, settings)
    figures = {**_part_figures(parts), **spending, **_day_figures(days)}
    tables = {"tiers": tiers, "member_days": days, "agreement": score.agreement}
    return QUESTION.answer(
        base.as_of,
        _judge(figures, lines.member_parts_least),
        parts,
        used,
        coverage=base.coverage("members", "orders"),
        figures=figures,
        tables={name: table for name, table in tables.items() if len(table)},
        notes=(
            *_notes(base, score, lines),
            *suppression_note(cells + hidden, settings.privacy.min_cell),
        ),
    )


def _parts(score: RubricScore) -> pd.DataFrame:
    """A row a part, over the raters."""
    import pandas as pd

    from privdom_kit.messages import bilingual

    rows = []
    for item in score.rubric.items:
        own = score.answers[score.answers["item"] == item.id]
        given = own[own["rating"].notna()]
        met = int((given["status"] == "met").sum())
        evidence = [text for text in given["evidence"] if isinstance(text, str)]
        rows.append(
            {
                "part": item.id,
                "wording": bilingual(item.words),
                "status": _part_status(given, met),
                "met_by": met,
                "answered_by": len(given),
                "evidence": "; ".join(evidence) or None,
            }
        )
    return pd.DataFrame(rows)


def _part_status(given: pd.DataFrame, met: int) -> str:
    if not len(given):
        return "unanswered"
    if met == len(given):
        return "met"
    return "raters_differ" if met else str(given["status"].iloc[0])


def _part_figures(parts: pd.DataFrame) -> dict[str, int | None]:
    answered = int((parts["status"] != "unanswered").sum())
    return {
        "parts_met": int((parts["status"] == "met").sum()) if answered else None,
        "parts_answered": answered,
        "parts_asked": len(parts),
    }


def _tiers(base: Base, settings: Settings) -> tuple[pd.DataFrame, int]:
    """Members by tier; the latest registration of a person counts."""
    import narwhals as nw
    import pandas as pd

    if not base.has("members", "tier"):
        return pd.DataFrame(), 0
    members = base.tables["members"]
    rows = members.frame.filter(~nw.col("customer").is_null())
    last = rows.group_by("customer").agg(nw.col("order_key").max())
    one = rows.join(last, on=["customer", "order_key"]).with_columns(
        tier=nw.col("tier").fill_null(-1)
    )
    found = collect(one.group_by("tier").agg(nw.len().alias("members")), limit=_MOST_TIERS)
    found = members.decode(found, "tier").astype({"members": "int64"})
    found = found.sort_values(["members", "tier"], ascending=[False, True], ignore_index=True)
    found["member_share"] = found["members"] / found["members"].sum()
    return suppress(found, "members", ["member_share"], settings.privacy.min_cell)


def _member_spending(base: Base, settings: Settings) -> tuple[dict[str, Any], int]:
    """Members among buyers and in net spend; None where members or orders are missing."""
    import narwhals as nw

    names = ("buyers", "member_buyers", "net_spend", "member_net_spend")
    share = ("member_buyer_share", "member_buyer_share_ci_lower", "member_buyer_share_ci_upper")
    nothing = dict.fromkeys((*names, *share, "member_net_spend_share"))
    if "members" not in base.tables or base.purchases is None:
        return nothing, 0
    lines, least = settings.touchpoints, settings.privacy.min_cell
    since = base.as_of_day - lines.member_day_period_days
    joined = (
        base.tables["members"]
        .frame.filter(~nw.col("customer").is_null())
        .group_by("customer")
        .agg(nw.col("registered_on").min().alias("since"))
    )
    rows = base.purchases.days.filter(nw.col("day") > since).join(joined, on="customer", how="left")
    is_member = nw.when(nw.col("since") <= nw.col("day")).then(nw.lit(1)).otherwise(nw.lit(0))
    people = (
        rows.with_columns(member=is_member)
        .with_columns(
            bought_member=nw.col("member") * nw.col("is_purchase"),
            member_cents=nw.col("member") * nw.col("net_cents"),
        )
        .group_by("customer")
        .agg(
            nw.col("is_purchase").max().alias("buyers"),
            nw.col("bought_member").max().alias("member_buyers"),
            nw.col("net_cents").sum(),
            nw.col("member_cents").sum(),
        )
    )
    row = collect(
        people.select(
            nw.col("buyers").sum(),
            nw.col("member_buyers").sum(),
            nw.col("net_cents").sum(),
            nw.col("member_cents").sum(),
        ),
        limit=1,
    ).iloc[0]
    if row.isna().any() or not row["buyers"]:
        return nothing, 0
    buyers, member_buyers = int(row["buyers"]), int(row["member_buyers"])
    if 0 < member_buyers < least or 0 < buyers - member_buyers < least or buyers < least:
        return nothing, 1
    spend, members_spend = float(row["net_cents"]) / 100, float(row["member_cents"]) / 100
    return {
        "buyers": buyers,
        "member_buyers": member_buyers,
        **rate(member_buyers, buyers, "member_buyer_share", lines.confidence_level),
        "net_spend": spend,
        "member_net_spend": members_spend,
        "member_net_spend_share": members_spend / spend if spend > 0 else None,
    }, 0


def _day_figures(days: pd.DataFrame) -> dict[str, int | None]:
    if not len(days):
        return dict.fromkeys(("idle_member_days", "unsure_member_days", "themeless_member_days"))
    lower, upper = days["buyer_uplift_ci_lower"], days["buyer_uplift_ci_upper"]
    idle = upper <= 0
    return {
        "idle_member_days": int(idle.sum()),
        "unsure_member_days": int((~idle & ~(lower > 0)).sum()),
        "themeless_member_days": int((~days["has_theme"].eq(True)).sum()),
    }


def _judge(figures: Mapping[str, Any], least: int) -> Verdict:
    met, asked = figures["parts_met"], figures["parts_asked"]
    unanswered = asked - figures["parts_answered"]
    # Even with all open parts met it would fall short.
    short = met is not None and met + unanswered < least
    if short or figures["idle_member_days"]:
        return Verdict.ACT
    open_points = (
        met is None or met < asked,
        figures["unsure_member_days"],
        figures["themeless_member_days"],
        figures["idle_member_days"] is None,
    )
    return Verdict.WATCH if any(open_points) else Verdict.CLEAR


def _notes(base: Base, score: RubricScore, lines: Any) -> tuple[Message, ...]:
    notes = []
    if not score.answered:
        notes.append(msg("forms.yml rates no member system: its five parts are not measured."))
    if score.kappa_below(lines.least_kappa):
        notes.append(msg("The raters of the member system agree too little for its score to hold."))
    if not base.forms.member_days:
        notes.append(msg("forms.yml states no member days, so what they bring is not measured."))
    elif base.purchases is None:
        notes.append(msg("No orders were given, so what member days bring is not measured."))
    else:
        notes.append(
            msg(
                "An uplift counts the day alone: people who wait for a member day buy less on the "
                "days around it, which raises the uplift without raising sales."
            )
        )
        if any(day.weekday for day in base.forms.member_days):
            notes.append(
                msg(
                    "A weekly member day is compared with the other days of its week, so that the "
                    "weekday itself is part of the uplift."
                )
            )
    return tuple(notes)
