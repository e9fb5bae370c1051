"""The catalogue of touchpoints: which are at work, which went silent, which nobody looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.formats import day_date
from privdom_kit.knowledge.touchpoints import load_touchpoints
from privdom_kit.messages import Message, bilingual, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note
from privdom_kit.touchpoints.reach_costs import cost_of_reach
from privdom_kit.touchpoints.traces import Trace, read_traces, seen_by, unknown_names

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.form_registers import TouchpointEntry
    from privdom_kit.settings import Settings

ACTIVE, SILENT, STATED = "active", "silent", "stated_without_data"
NOT_IN_USE, NOT_AUDITED = "not_in_use", "not_audited"
STATUSES = (ACTIVE, SILENT, STATED, NOT_IN_USE, NOT_AUDITED)
OWN = "own"  # the group of what the client adds

UNITS = {
    "touchpoint": "text: id in the data and in forms.yml",
    "name": "text: its name",
    "group": "text: family of touchpoints",
    "status": "text: active, silent, stated_without_data, not_in_use or not_audited",
    "last_on": "date: last day with data or content",
    "stated_in_use": "text: whether forms.yml states it in use",
    "owner": "text: who answers for it",
    "entry_code": "text: its own code",
    "listed": "count: touchpoints of the catalogue and of forms.yml",
    "active": "count: touchpoints with data or content in the period",
    "coverage_share": "percent: active touchpoints of those listed",
    "silent": "count: touchpoints with data earlier and none in the period",
    "stated_without_data": "count: touchpoints stated in use that no data show",
    "not_in_use": "count: touchpoints stated not to be in use",
    "not_audited": "count: touchpoints that neither data nor forms.yml speak of",
    "in_use": "count: touchpoints of forms.yml stated in use",
    "with_entry_code": "count: of those, with an entry code of their own",
    "with_entry_code_share": "percent: share with an entry code",
    "unknown_touchpoints": "count: names in the data that the catalogue does not know",
    "people_reached": "count: people whom the brand reached there in the period",
    "reach_cost": "money: cost of the deliveries there in the period",
    "cost_per_person": "money: cost for each person reached; null where it is not known",
    "contradicted": "count: touchpoints stated not in use that the data show active",
}
QUESTION = Question("catalogue", ("S001", "S163", "S170"), UNITS)


def measure_catalogue(base: Base, settings: Settings) -> Result:
    """Coverage of the catalogue: touchpoints with data or content of late / touchpoints listed.

    Data are events of people, posts, groups and statistics (touchpoint_days other than 0).
    forms.yml adds touchpoints and says which are in use. The coverage counts a register, not a
    sample, and has no interval. A blank row is not audited and is no zero.

    Returns:
        ``table``: touchpoint, name, group, status (active: data or content in the last
        ``catalogue_days``; silent: earlier only; stated_without_data; not_in_use; not_audited),
        last_on, stated_in_use, owner, entry_code. ``tables``: groups (status by family),
        unknown_touchpoints (names of the data that are not listed), without_entry_code,
        reach_costs (people reached and cost for each, where it is known).
        act: one that is stated in use has gone silent, or one stated not in use is active.
        watch: something is stated without data, not audited, or unknown. not_measured: neither
        data nor forms.yml name a touchpoint.
    """
    used = used_settings(settings, "touchpoints.catalogue_days")
    traces, stated = read_traces(base), base.forms.touchpoints
    coverage = base.coverage("touchpoint_days", "posts", "groups", "touches")
    if not traces and not stated:
        reason = msg("Neither the tables nor forms.yml name a touchpoint.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    since = base.as_of_day - settings.touchpoints.catalogue_days
    table = _table(traces, stated, since)
    unknown = unknown_names(traces, set(stated))
    figures = _figures(table, stated, unknown)
    costs, cells = cost_of_reach(base, settings)
    return QUESTION.answer(
        base.as_of,
        _judge(figures, table),
        table,
        used,
        coverage=coverage,
        figures=figures,
        tables={**_extra(table, stated, unknown), **({"reach_costs": costs} if len(costs) else {})},
        notes=(*_notes(figures), *suppression_note(cells, settings.privacy.min_cell)),
    )


def _table(traces: list[Trace], stated: Mapping[str, TouchpointEntry], since: int) -> pd.DataFrame:
    import pandas as pd

    catalogue = load_touchpoints().touchpoints
    names = [*catalogue, *(name for name in stated if name not in catalogue)]
    rows = [_row(name, traces, stated.get(name), since) for name in names]
    return pd.DataFrame(rows)


def _row(
    name: str, traces: list[Trace], entry: TouchpointEntry | None, since: int
) -> dict[str, Any]:
    known = load_touchpoints().touchpoints.get(name)
    last = max((trace.last_day for trace in seen_by(name, traces)), default=None)
    in_use = None if entry is None else entry.in_use
    return {
        "touchpoint": name,
        "name": bilingual(known.words) if known else (entry.name if entry else "") or name,
        "group": known.group if known else OWN,
        "status": _status(last, in_use, since),
        "last_on": None if last is None else day_date(last).isoformat(),
        "stated_in_use": in_use,
        "owner": (entry.owner if entry else "") or None,
        "entry_code": (entry.entry_code if entry else "") or None,
    }


def _status(last: int | None, in_use: bool | None, since: int) -> str:
    if last is not None and last > since:
        return ACTIVE
    if last is not None:
        return SILENT
    if in_use is None:
        return NOT_AUDITED
    return STATED if in_use else NOT_IN_USE


def _figures(
    table: pd.DataFrame, stated: Mapping[str, TouchpointEntry], unknown: list[str]
) -> dict[str, Any]:
    counts = {status: int((table["status"] == status).sum()) for status in STATUSES}
    in_use = [entry for entry in stated.values() if entry.in_use]
    coded = sum(bool(entry.entry_code) for entry in in_use)
    wrong = (table["status"] == ACTIVE) & (table["stated_in_use"].eq(False))
    return {
        "listed": len(table),
        "active": counts[ACTIVE],
        "coverage_share": counts[ACTIVE] / len(table),
        "silent": counts[SILENT],
        "stated_without_data": counts[STATED],
        "not_in_use": counts[NOT_IN_USE],
        "not_audited": counts[NOT_AUDITED],
        "in_use": len(in_use) if stated else None,
        "with_entry_code": coded if stated else None,
        "with_entry_code_share": coded / len(in_use) if in_use else None,
        "unknown_touchpoints": len(unknown),
        "contradicted": int(wrong.sum()),
    }


def _judge(figures: Mapping[str, Any], table: pd.DataFrame) -> Verdict:
    lost = (table["status"] == SILENT) & table["stated_in_use"].eq(True)
    if lost.any() or figures["contradicted"]:
        return Verdict.ACT
    open_rows = ("silent", "stated_without_data", "not_audited", "unknown_touchpoints")
    return Verdict.WATCH if any(figures[name] for name in open_rows) else Verdict.CLEAR


def _extra(
    table: pd.DataFrame, stated: Mapping[str, TouchpointEntry], unknown: list[str]
) -> dict[str, pd.DataFrame]:
    import pandas as pd

    groups = pd.crosstab(table["group"], table["status"]).reindex(columns=STATUSES, fill_value=0)
    groups = groups.reindex(list(dict.fromkeys(table["group"]))).reset_index()
    groups.columns.name = None
    found = {"groups": groups}
    if unknown:
        found["unknown_touchpoints"] = pd.DataFrame({"touchpoint": unknown})
    bare = [name for name, entry in stated.items() if entry.in_use and not entry.entry_code]
    if bare:
        found["without_entry_code"] = (
            table.set_index("touchpoint").loc[bare, ["name", "owner"]].reset_index()
        )
    return found


def _notes(figures: Mapping[str, Any]) -> tuple[Message, ...]:
    made = load_touchpoints()
    notes = [
        msg(
            "The catalogue is {source} ({date}); a brand need not use all of it.",
            source=bilingual(_SOURCE),
            date=made.date,
        )
    ]
    if figures["in_use"] is None:
        notes.append(
            msg("forms.yml states no touchpoints, so what is in use without data is not measured.")
        )
    return tuple(notes)


_SOURCE = {
    "en": "our own list; article 000 names the number only",
    "zh": "自有清单，文章000只给出数量",
}
