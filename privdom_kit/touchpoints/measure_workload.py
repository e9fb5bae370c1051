"""What staff carry: contacts, chats, replies in time, and contacts left with those who left."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, interval_figures, rate, used_settings
from privdom_kit.clusters import clustered_ratio, clustered_share
from privdom_kit.engine import collect
from privdom_kit.estimates import Interval
from privdom_kit.messages import Message, msg
from privdom_kit.results import Coverage, Result, Verdict
from privdom_kit.suppression import suppress, suppression_note
from privdom_kit.touchpoints.reply_times import EVERYBODY, Replies, read_replies

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

_MOST_STAFF = 100_000
_LATE = ("late_share", "late_share_ci_lower", "late_share_ci_upper")
_COUNTED = ("chats", "chat_days", "late_chats", "timed_chats", "answered_chats")
UNITS = {
    "staff": "text: member of staff",
    "left": "text: whether the member has left",
    "contacts": "count: people who are standing contacts",
    "chats": "count: chats",
    "chat_days": "count: days with a chat",
    "chats_per_day": "number: chats on a day with any",
    "reply_minutes": "number: mean minutes to the first reply, weighted by chats",
    "reply_minutes_unweighted": "number: mean of the lines' means, each counting alike",
    "reply_quantile_minutes": "number: minutes within which the stated share of chats is answered",
    "timed_chats": "count: chats whose time to the reply is known",
    "answered_chats": "count: chats with a reply time, their own or the mean of their day",
    "late_chats": "count: chats not answered within the limit, or of days whose mean reply is not",
    "late_share": "percent: share of the chats whose time to the reply is known",
    "missed_share": "percent: share of chats not answered",
    "asked_chats": "count: chats whose answering is known",
    "overloaded": "text: whether replies come too late, for sure",
    "staff_members": "count: staff with contacts or chats",
    "staff_judged": "count: staff with enough chats to be judged",
    "staff_overloaded": "count: staff whose replies come too late, for sure",
    "median_contacts": "number: contacts of the middle member of staff",
    "most_contacts": "count: contacts of the member of staff with most",
    "top_contact_share": "percent: share of standing contacts with that member",
    "left_staff": "count: staff who left with standing contacts",
    "left_contacts": "count: people who are standing contacts of staff who left",
    "left_contact_share": "percent: share of standing contacts",
    "late_line": "percent: share of chats that may be answered late",
    "reply_source": "text: what replies are measured on",
}
QUESTION = Question("staff_capacity", ("S180",), UNITS)


def measure_staff_capacity(base: Base, settings: Settings) -> Result:
    """Contacts and chats by member of staff, and whether replies come in time.

    Overload: the stated quantile of reply time (0.9) lies above the limit, that is, more than a
    tenth of the chats are answered late. The share of late chats is a ratio over days, the day
    being the unit; a member is overloaded where the interval, at Bonferroni's level over the
    members judged, lies above a tenth. Daily statistics give means only: there a chat is late
    where the mean of its day is. The verdict is ``act`` where anybody is, or where staff who
    left still have contacts.

    Returns:
        ``table``: staff (``all`` first), left, contacts, chats, chat_days, chats_per_day,
        reply_minutes (weighted by chats) and interval, reply_quantile_minutes, late_chats of
        timed_chats, late_share and interval, overloaded.
    """
    rules = settings.touchpoints
    names = ("limit_minutes", "quantile", "watch_hours", "window_days", "min_chats")
    used = used_settings(
        settings,
        *(f"touchpoints.reply_{name}" for name in names),
        "touchpoints.confidence_level",
    )
    contacts = _standing(base)
    replies = read_replies(base, rules)
    if contacts is None and replies is None:
        reason = msg("Neither contacts with their staff nor anything about chats was given.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    left = _left(base)
    table = _table(contacts, replies, left, rules)
    if table.empty:
        reason = msg("No contact stands and no chat was counted.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used)
    figures = _figures(table, contacts, replies, left, rules)
    verdict = _verdict(table, figures, replies, rules)
    shown, cells = suppress(table.iloc[1:], "contacts", [], settings.privacy.min_cell)
    return QUESTION.answer(
        base.as_of,
        verdict,
        _whole(table.iloc[:1], shown),
        used,
        coverage=_coverage(base, replies),
        figures=_hidden(figures, settings.privacy.min_cell),
        notes=(
            *_notes(base, contacts, replies),
            *suppression_note(cells, settings.privacy.min_cell),
        ),
    )


def _standing(base: Base) -> pd.DataFrame | None:
    """``staff, contacts``: people in standing relations at as_of, everybody in the last row."""
    import narwhals as nw
    import pandas as pd

    if not base.has("contacts", "staff_id"):
        return None
    table = base.tables["contacts"]
    rows = table.frame.filter(~nw.col("customer").is_null())
    if table.has("removed_at"):
        rows = rows.filter(nw.col("removed_on").is_null())
    pairs = rows.select("staff_id", "customer").unique(["staff_id", "customer"])
    counted = pairs.group_by("staff_id").agg(nw.len().alias("contacts"))
    found = table.decode(collect(counted, limit=_MOST_STAFF), "staff_id")
    people = collect(pairs.select(nw.col("customer").n_unique()), limit=1).iloc[0, 0]
    everybody = pd.DataFrame({"staff_id": [EVERYBODY], "contacts": [int(people)]})
    whole = pd.concat([found, everybody], ignore_index=True)
    return whole.rename(columns={"staff_id": "staff"}).astype({"contacts": "int64"})


def _left(base: Base) -> set[str] | None:
    """Staff who have left by as_of; None where nothing tells."""
    import narwhals as nw

    if not base.has("staff", "left_at"):
        return None
    staff = base.tables["staff"]
    gone = staff.frame.filter(nw.col("left_on").fill_null(base.as_of_day + 1) <= base.as_of_day)
    found = staff.decode(collect(gone.select("staff_id"), limit=_MOST_STAFF), "staff_id")
    return set(found["staff_id"])


def _table(
    contacts: pd.DataFrame | None, replies: Replies | None, left: set[str] | None, rules: Any
) -> pd.DataFrame:
    """A line a member of staff, everybody first, then those with the latest replies."""
    import pandas as pd

    held = (
        {} if contacts is None else dict(zip(contacts["staff"], contacts["contacts"], strict=True))
    )
    rows = {} if replies is None else dict(list(replies.table.groupby("staff")))
    names = sorted({*held, *rows} - {EVERYBODY})
    level = _member_level(rows, rules)
    waits = {} if replies is None else replies.waits.set_index("staff")["quantile"].to_dict()
    lines = []
    for name in [EVERYBODY, *names]:
        chats = replies.table if name == EVERYBODY and replies is not None else rows.get(name)
        confidence = rules.confidence_level if name == EVERYBODY else level
        lines.append(
            {
                "staff": name,
                "left": None if left is None or name == EVERYBODY else str(name in left).lower(),
                "contacts": held.get(name),
                **_chat_line(chats, waits.get(name), confidence, rules),
            }
        )
    table = pd.DataFrame(lines).astype({"contacts": "Int64", **dict.fromkeys(_COUNTED, "Int64")})
    order = table.iloc[1:].sort_values(["late_share", "contacts"], ascending=False, kind="stable")
    return pd.concat([table.iloc[:1], order], ignore_index=True)


def _member_level(rows: dict[str, pd.DataFrame], rules: Any) -> float:
    judged = sum(
        1 for name, r in rows.items() if name != EVERYBODY and _timed(r) >= rules.reply_min_chats
    )
    return float(1 - (1 - rules.confidence_level) / max(judged, 1))


def _timed(rows: pd.DataFrame) -> float:
    """Chats whose lateness is known: all of them, or those with a mean reply time."""
    return float(rows["answered"].sum() + _unanswered(rows).sum())


def _unanswered(rows: pd.DataFrame) -> pd.Series:
    """Chats seen to be without a reply; statistics give no lateness for theirs."""
    seen = rows["asked"] == rows["chats"]
    whole = (rows["chats"] - rows["answered"] - rows["missed"]).abs() < 1e-9
    return rows["missed"].where(seen & whole, 0.0)


def _chat_line(
    rows: pd.DataFrame | None, quantile: float | None, level: float, rules: Any
) -> dict[str, Any]:
    """Chats and replies of a member of staff; all empty where there is nothing to count."""
    if rows is None or not rows["chats"].sum() > 0:
        empty = dict.fromkeys(_COUNTED)
        return {
            **empty,
            **dict.fromkeys(("chats_per_day", "reply_quantile_minutes", "overloaded")),
            **interval_figures("reply_minutes", None),
            **dict.fromkeys(_LATE),
        }
    days = rows.groupby("day")[["chats", "late", "seconds", "answered"]].sum()
    timed = days["answered"] + _unanswered(rows).groupby(rows["day"]).sum()
    late = clustered_share(days["late"], timed, level)
    minutes = clustered_ratio(days["seconds"] / 60, days["answered"], level)
    return {
        "chats": round(days["chats"].sum()),
        "chat_days": int((days["chats"] > 0).sum()),
        "chats_per_day": days["chats"].sum() / max((days["chats"] > 0).sum(), 1),
        "answered_chats": round(days["answered"].sum()),
        **interval_figures("reply_minutes", minutes),
        "reply_quantile_minutes": _minutes(quantile),
        "late_chats": round(days["late"].sum()),
        "timed_chats": round(timed.sum()),
        **interval_figures("late_share", late),
        "overloaded": _overloaded(late, float(timed.sum()), rules),
    }


def _minutes(seconds: float | None) -> float | None:
    """None also where the quantile lies among the chats never answered."""
    return None if seconds is None or not math.isfinite(seconds) else seconds / 60


def _overloaded(late: Interval | None, chats: float, rules: Any) -> str | None:
    """true, false (not for sure), or None below the least number of chats."""
    if late is None or chats < rules.reply_min_chats:
        return None
    return str(late.lower > 1 - rules.reply_quantile).lower()


def _figures(
    table: pd.DataFrame,
    contacts: pd.DataFrame | None,
    replies: Replies | None,
    left: set[str] | None,
    rules: Any,
) -> dict[str, Any]:
    total, members = table.iloc[0], table.iloc[1:]
    held = members["contacts"].dropna().astype("int64")
    stand = None if contacts is None else int(total["contacts"])
    gone = members[members["left"] == "true"]["contacts"].dropna()
    most = int(held.max()) if len(held) else None
    left_contacts = None if left is None or contacts is None else int(gone.sum())
    return {
        "staff_members": len(members),
        "contacts": stand,
        "median_contacts": float(held.median()) if len(held) else None,
        "most_contacts": most,
        **rate(most, stand, "top_contact_share", rules.confidence_level),
        "left_staff": None if left_contacts is None else int((gone > 0).sum()),
        "left_contacts": left_contacts,
        # A person may stand with two who left: of the relations then, but never above everybody.
        **rate(
            min(left_contacts or 0, stand or 0),
            stand if left_contacts is not None else 0,
            "left_contact_share",
            rules.confidence_level,
        ),
        **_reply_figures(total, members, replies, rules),
    }


def _reply_figures(
    total: pd.Series, members: pd.DataFrame, replies: Replies | None, rules: Any
) -> dict[str, Any]:
    names = ("chats", "timed_chats", "late_chats", *_LATE, "reply_quantile_minutes")
    minutes = ("reply_minutes", "reply_minutes_ci_lower", "reply_minutes_ci_upper")
    missed, asked = (None, None) if replies is None else _missed(replies)
    judged = members["overloaded"].notna()
    return {
        "reply_source": None if replies is None else replies.source,
        "late_line": 1 - rules.reply_quantile,
        **{name: total[name] for name in (*names, *minutes)},
        "reply_minutes_unweighted": None if replies is None else _unweighted(replies),
        "asked_chats": asked,
        **interval_figures("missed_share", missed),
        "staff_judged": int(judged.sum()),
        "staff_overloaded": int((members["overloaded"] == "true").sum()),
    }


def _missed(replies: Replies) -> tuple[Interval | None, int]:
    days = replies.table.groupby("day")[["missed", "asked"]].sum()
    return clustered_share(days["missed"], days["asked"]), round(days["asked"].sum())


def _unweighted(replies: Replies) -> float | None:
    """The mean that a plain average of the statistic's lines gives: shown for what it misses."""
    timed = replies.table[replies.table["answered"] > 0]
    means = timed["seconds"] / timed["answered"] / 60
    by = means.groupby(timed["staff"]).mean()
    return float(by.mean()) if len(by) else None


def _verdict(
    table: pd.DataFrame, figures: dict[str, Any], replies: Replies | None, rules: Any
) -> Verdict:
    if "true" in set(table["overloaded"]) or figures["left_contacts"]:
        return Verdict.ACT
    total = table.iloc[0]
    if replies is None or total["overloaded"] is None:
        return Verdict.NOT_ENOUGH_DATA
    within = total["late_share_ci_upper"] <= 1 - rules.reply_quantile
    return Verdict.CLEAR if within else Verdict.WATCH


def _whole(first: pd.DataFrame, rest: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([first, rest], ignore_index=True)


def _hidden(figures: dict[str, Any], least: int) -> dict[str, Any]:
    """Small numbers of people are not shown."""
    few = figures["left_contacts"]
    if few is not None and 0 < few < least:
        hide = [name for name in figures if name.startswith("left_contact")]
        return {**figures, **dict.fromkeys(hide)}
    return figures


def _coverage(base: Base, replies: Replies | None) -> Coverage:
    tables = ["contacts", *([replies.source] if replies is not None else [])]
    seen = base.coverage(*tables)
    faults = {} if replies is None else {k: n for k, n in replies.faults.items() if n}
    lost = sum(faults.values())
    return Coverage(seen.rows, seen.used - lost, {**seen.dropped, **faults})


def _notes(
    base: Base, contacts: pd.DataFrame | None, replies: Replies | None
) -> tuple[Message, ...]:
    notes = list(replies.notes) if replies is not None else []
    if replies is None:
        notes.append(
            msg(
                "Neither customers' messages nor WeCom's statistics were given, so replies are not "
                "measured."
            )
        )
    if contacts is None:
        notes.append(msg("No contacts were given, so what staff hold is not measured."))
    elif not base.has("contacts", "removed_at"):
        notes.append(msg("Contacts carry no removals: people who removed us still count."))
    if not base.has("staff", "left_at"):
        notes.append(msg("Nothing tells who has left, so contacts left behind are not measured."))
    return tuple(notes)
