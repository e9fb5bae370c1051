"""What the brand publishes: its mix against a guide, plain advertising, days that sell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, add_rate, interval_figures, rate, used_settings
from privdom_kit.estimates import Interval, difference_interval, mixture_distance, mixture_intervals
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.contents import NOT_STATED, PURPOSES, Pieces, read_pieces
from privdom_kit.touchpoints.selling_days import count_selling_days, restrained_messages

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

ALL, GROUP, UNKNOWN = "all", "group", "unknown"
_SETTINGS = ("target", "period_days", "tolerance", "min_pieces")
_MOST_GROUPS = 30
UNITS = {
    "touchpoint": "text: touchpoint",
    "purpose": "text: what a piece is for",
    "scope": "text: whose mix is held against the guide",
    "group": "text: community group",
    "audience": "text: whom a piece is meant for",
    "pieces": "count: pieces",
    "touchpoint_pieces": "count: pieces on the touchpoint",
    "pieces_before": "count: pieces in the period before",
    "touchpoint_pieces_before": "count: pieces on the touchpoint in the period before",
    "stated_pieces": "count: pieces with a stated audience",
    "share": "percent: share of the pieces, or of the people, of the line's total",
    "share_before": "percent: share of the pieces in the period before",
    "target_share": "percent: share in the guide",
    "gap": "points: share less the guide's",
    "change": "points: share now less before",
    "deviation": "percent: share of pieces that stands elsewhere than in the guide",
    "deviation_before": "percent: the same in the period before",
    "hard_ads": "count: pieces for marketing with a purchase link",
    "hard_ad_share": "percent: share of pieces that are marketing with a purchase link",
    "selling_days": "count: days with a selling piece or message",
    "period_days": "days: days in the period that the data cover",
    "selling_day_share": "percent: share of days with a selling piece",
    "purposes_used": "count: purposes of the four that occur",
    "people": "count: people with so many selling days",
    "recipients": "count: people whom the brand wrote to",
    "over_cap_people": "count: people with selling messages on more days than the cap",
    "over_cap_share": "percent: share of the people written to",
    "linked": "count: messages and pieces with a purchase link",
    "messages": "count: messages and pieces",
    "linked_share": "percent: share with a purchase link",
    "violations": "count: messages with a purchase link where selling is ruled out",
}
QUESTION = Question("content_mix", ("S131", "S132", "S070", "S060", "S065", "S035", "S022"), UNITS)


def measure_content_mix(base: Base, settings: Settings) -> Result:
    """Shares of marketing, interaction, care and daily life against the client's guide.

    The guide of article 002 (3:3:3:1 for groups, S131) is no line of pass or fail, and the target
    is the client's own setting (S132): the verdict is ``watch`` at most. The mix of groups is
    judged; that of all pieces where nothing is published in groups. Intervals of the shares are
    simultaneous (Goodman); those of the change are Newcombe's at Bonferroni's level. They take
    pieces as independent draws.

    Returns:
        ``table``: touchpoint (what is judged first), purpose, pieces, touchpoint_pieces, share and
        interval, target_share, gap, the period before, change and interval. ``touchpoints``:
        deviation, plain advertising (S070), selling days (S060), purposes used (S065).
        ``unpublished``:
        touchpoint and purpose without a piece. ``groups``: deviation by group. ``addressed``:
        pieces by whom they are meant for (S022). ``people``: selling days a person got (S060).
        ``restrained``: messages with a purchase link where selling is ruled out (S035).
    """
    rules = settings.touchpoints
    used = used_settings(
        settings,
        *(f"touchpoints.content_{name}" for name in _SETTINGS),
        *("touchpoints.selling_day_cap", "touchpoints.no_selling_touchpoints"),
        "touchpoints.confidence_level",
    )
    pieces = read_pieces(base)
    if pieces is None:
        reason = msg("Neither posts nor touches with a purpose were given.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    since = base.as_of_day - rules.content_period_days + 1
    now = pieces.count(since, base.as_of_day, "touchpoint", "purpose")
    coverage = base.coverage(pieces.source)
    if now.empty:
        reason = msg(
            "Nothing was published in the last {days:days}.", days=rules.content_period_days
        )
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=coverage
        )
    before = pieces.count(since - rules.content_period_days, since - 1, "touchpoint", "purpose")
    scope = GROUP if GROUP in set(now["touchpoint"]) else ALL
    table = _mix_table(now, before, scope, rules)
    places = _touchpoint_table(pieces, now, since, base.as_of_day, rules)
    figures = _headline(now, before, scope, rules)
    people, people_figures, cells = _people(base, since, settings)
    restrained = restrained_messages(base, pieces, since, rules)
    violations = None if restrained is None else int(restrained["linked"].sum())
    extra = {
        "touchpoints": places,
        "unpublished": _gaps(now),
        "groups": _group_table(pieces, since, base.as_of_day, rules),
        "addressed": _audience_table(pieces, since, base.as_of_day, rules),
        "people": people,
        "restrained": restrained,
    }
    return QUESTION.answer(
        base.as_of,
        _verdict(figures, violations, rules),
        table,
        used,
        coverage=coverage,
        figures={**figures, **people_figures, "violations": violations},
        tables={name: found for name, found in extra.items() if found is not None and len(found)},
        notes=(
            *_notes(pieces, people, restrained),
            *suppression_note(cells, settings.privacy.min_cell),
        ),
    )


def _verdict(figures: dict[str, Any], violations: int | None, rules: Any) -> Verdict:
    """``watch`` where the mix is, or may be, further from the guide than is let pass."""
    if violations:
        return Verdict.WATCH
    if figures["pieces"] < rules.content_min_pieces:
        return Verdict.NOT_ENOUGH_DATA
    near = figures["deviation_ci_upper"] <= rules.content_tolerance
    return Verdict.CLEAR if near else Verdict.WATCH


def _counts(found: pd.DataFrame, touchpoint: str) -> list[int]:
    """Pieces by purpose on a touchpoint, or on all."""
    chosen = found if touchpoint == ALL else found[found["touchpoint"] == touchpoint]
    sums = chosen.groupby("purpose")["pieces"].sum()
    return [int(sums.get(purpose, 0)) for purpose in PURPOSES]


def _headline(now: pd.DataFrame, before: pd.DataFrame, scope: str, rules: Any) -> dict[str, Any]:
    earlier = _counts(before, scope)
    return {
        "scope": scope,
        "pieces": sum(_counts(now, scope)),
        **interval_figures("deviation", _distance(_counts(now, scope), rules)),
        "pieces_before": sum(earlier),
        **interval_figures("deviation_before", _distance(earlier, rules)),
    }


def _distance(counts: list[int], rules: Any) -> Interval | None:
    if not sum(counts):
        return None
    return mixture_distance(counts, rules.content_target, rules.confidence_level)


def _mix_table(now: pd.DataFrame, before: pd.DataFrame, scope: str, rules: Any) -> pd.DataFrame:
    import pandas as pd

    places = [ALL, *sorted(set(now["touchpoint"]), key=lambda p: -sum(_counts(now, p)))]
    places.sort(key=lambda place: place != scope)
    lines = [line for place in places for line in _mix_lines(place, now, before, rules)]
    return pd.DataFrame(lines)


def _mix_lines(
    place: str, now: pd.DataFrame, before: pd.DataFrame, rules: Any
) -> list[dict[str, Any]]:
    counts, earlier = _counts(now, place), _counts(before, place)
    total, total_before = sum(counts), sum(earlier)
    shares = mixture_intervals(counts, rules.confidence_level)
    # Four changes are looked at: each interval at Bonferroni's level.
    level = 1 - (1 - rules.confidence_level) / len(PURPOSES)
    lines = []
    for i, purpose in enumerate(PURPOSES):
        target = rules.content_target[i] / sum(rules.content_target)
        moved = (
            difference_interval(counts[i], total, earlier[i], total_before, level)
            if min(total, total_before) >= rules.content_min_pieces
            else None
        )
        lines.append(
            {
                "touchpoint": place,
                "purpose": purpose,
                "pieces": counts[i],
                "touchpoint_pieces": total,
                **interval_figures("share", shares[i]),
                "target_share": target,
                "gap": shares[i].estimate - target,
                "pieces_before": earlier[i],
                "touchpoint_pieces_before": total_before,
                "share_before": earlier[i] / total_before if total_before else None,
                **interval_figures("change", moved),
            }
        )
    return lines


def _touchpoint_table(
    pieces: Pieces, now: pd.DataFrame, since: int, last: int, rules: Any
) -> pd.DataFrame:
    """A line a touchpoint, all of them first."""
    import pandas as pd

    level = rules.confidence_level
    began = pieces.first_day()
    covered = last - max(since, since if began is None else began) + 1
    days = pieces.count(since, last, "touchpoint", "day")
    linked = pieces.table.has("has_purchase_link")
    lines = []
    for place in [ALL, *sorted(set(now["touchpoint"]), key=lambda p: -sum(_counts(now, p)))]:
        here = now if place == ALL else now[now["touchpoint"] == place]
        sold = days[(days["selling"] > 0) & ((days["touchpoint"] == place) | (place == ALL))]
        total, ads = int(here["pieces"].sum()), int(here["hard_ads"].sum()) if linked else None
        lines.append(
            {
                "touchpoint": place,
                "pieces": total,
                **interval_figures("deviation", _distance(_counts(now, place), rules)),
                "hard_ads": ads,
                **rate(ads or 0, total if linked else 0, "hard_ad_share", level),
                "selling_days": sold["day"].nunique(),
                "period_days": covered,
                **rate(sold["day"].nunique(), covered, "selling_day_share", level),
                "purposes_used": here["purpose"].nunique(),
            }
        )
    return pd.DataFrame(lines).astype({"hard_ads": "Int64"})


def _gaps(now: pd.DataFrame) -> pd.DataFrame:
    """Touchpoints that publish, and the purposes for which nothing is published there."""
    import pandas as pd

    empty = [
        {"touchpoint": place, "purpose": purpose}
        for place in sorted(set(now["touchpoint"]))
        for purpose, count in zip(PURPOSES, _counts(now, place), strict=True)
        if not count
    ]
    return pd.DataFrame(empty)


def _group_table(pieces: Pieces, since: int, last: int, rules: Any) -> pd.DataFrame | None:
    """Groups with enough pieces, the furthest from the guide first."""
    import pandas as pd

    if not pieces.table.has("group_id"):
        return None
    found = pieces.count(since, last, "group_id", "purpose")
    lines = []
    for group, rows in found[found["group_id"] != UNKNOWN].groupby("group_id"):
        counts = _counts(rows, ALL)
        if sum(counts) >= rules.content_min_pieces:
            distance = interval_figures("deviation", _distance(counts, rules))
            lines.append({"group": group, "pieces": sum(counts), **distance})
    table = pd.DataFrame(lines)
    if table.empty:
        return None
    ordered = table.sort_values(["deviation", "group"], ascending=[False, True])
    return ordered.head(_MOST_GROUPS).reset_index(drop=True)


def _audience_table(pieces: Pieces, since: int, last: int, rules: Any) -> pd.DataFrame | None:
    """Pieces by whom they are meant for; those that do not say are counted apart."""
    if not pieces.table.has("audience"):
        return None
    found = pieces.count(since, last, "touchpoint", "audience")[
        ["touchpoint", "audience", "pieces"]
    ]
    stated = found[found["audience"] != UNKNOWN]
    if stated.empty:
        return None
    totals = stated.groupby("touchpoint")["pieces"].sum()
    rated = stated.assign(stated_pieces=stated["touchpoint"].map(totals))
    rated = add_rate(rated, "pieces", "stated_pieces", "share", rules.confidence_level)
    import pandas as pd

    silent = found[found["audience"] == UNKNOWN].assign(audience=NOT_STATED)
    return pd.concat([rated, silent], ignore_index=True).sort_values(
        ["touchpoint", "audience"], ignore_index=True
    )


def _people(
    base: Base, since: int, settings: Settings
) -> tuple[pd.DataFrame | None, dict[str, Any], int]:
    """People by selling days, small cells hidden, and how many stand above the cap."""
    rules, least = settings.touchpoints, settings.privacy.min_cell
    table, figures = count_selling_days(base, since, rules)
    if table is None:
        return None, figures, 0
    hide = ["share", "share_ci_lower", "share_ci_upper"]
    shown, cells = suppress(table, "people", hide, least)
    above = figures["over_cap_people"]
    rest = figures["recipients"] - above
    if 0 < above < least or 0 < rest < least:
        names = [name for name in figures if name.startswith("over_cap")]
        figures, cells = {**figures, **dict.fromkeys(names)}, cells + 1
    return shown, figures, cells


def _notes(
    pieces: Pieces, people: pd.DataFrame | None, restrained: pd.DataFrame | None
) -> tuple[Message, ...]:
    notes = [
        pieces.note,
        msg(
            "The mix of 3:3:3:1 (article 002, 2022) is a guide for groups and no line of pass or "
            "fail; the target is a setting."
        ),
    ]
    if pieces.table.has("has_purchase_link"):
        notes.append(
            msg(
                "Plain advertising is taken to be a piece for marketing with a purchase link; "
                "whether it is of other use to the reader is not recorded."
            )
        )
    else:
        notes.append(msg("Purchase links are not recorded, so plain advertising is not measured."))
    if people is None:
        notes.append(
            msg("Touches do not tell which messages sell, so no days are counted a person.")
        )
    if restrained is None:
        notes.append(
            msg("No touchpoint is marked as free of selling in the settings: not measured.")
        )
    return tuple(notes)
