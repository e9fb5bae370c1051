"""``check.html``: the check report as a page that can be sent to whoever made the exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from privdom_kit.formats import MISSING, format_value
from privdom_kit.knowledge.questions import TITLES
from privdom_kit.labels import has_label, heading, reason
from privdom_kit.messages import Message, join_messages, msg, translate
from privdom_kit.report.pages import fill_page
from privdom_kit.report.question_words import question_heading
from privdom_kit.report.rendering import Entry

# The reasons of check.json, so that the page can say them in either language.
_REASONS = {
    "no value": msg("no value"),
    "not a time": msg("not a time"),
    "not a date": msg("not a date"),
    "not a month": msg("not a month"),
    "not a number": msg("not a number"),
    "not a share from 0 to 1": msg("not a share from 0 to 1"),
    "neither true nor false": msg("neither true nor false"),
    "not a whole number": msg("not a whole number"),
    "not one of the allowed values": msg("not one of the allowed values"),
    "below zero": msg("below zero"),
    "out of range": msg("out of range"),
    "repeated with different content": msg("repeated with different content"),
    "another row of the same is bad": msg("another row of the same is bad"),
    "a wrong number of fields": msg("a wrong number of fields"),
    "characters that cannot be decoded": msg("characters that cannot be decoded"),
    # why rows are left out
    "after as_of": msg("after the last day of the analysis"),
    "not paid": msg("not paid"),
    "duplicate": msg("repeated rows"),
    "quarantined": msg("unusable rows"),
    "another product of the order": msg("another product of the order"),
    "another receipt of the message": msg("another receipt of the message"),
    "not a member": msg("not a member"),
    "no phone": msg("no phone"),
    "not sent": msg("not sent"),
    "no sending time": msg("no sending time"),
    "added to the day": msg("added to the day's value"),
    "rows of the day differ": msg("rows of the day differ"),
}


def write_check_page(report: Mapping[str, Any], folder: Path, *, brand: str, language: str) -> Path:
    """Write ``check.html`` beside ``check.json``.

    Args:
        report: Content of ``check.json``.
        folder: Where that lies.
        brand: Name of the client's brand, as shown.
        language: zh or en.
    """
    draft, page = folder / "check.html.tmp", folder / "check.html"
    html = render_check_page(report, brand=brand, language=language)
    draft.write_text(html, encoding="utf-8", newline="\n")
    draft.replace(page)
    return page


def render_check_page(report: Mapping[str, Any], *, brand: str, language: str) -> str:
    """The page; see :func:`write_check_page`."""
    presets = report.get("presets", {})
    tables = [
        _table(name, table, presets.get(name, []), language)
        for name, table in report["tables"].items()
    ]
    proposals = report.get("proposals", [])
    return fill_page(
        "check.html.j2",
        language,
        title=msg("Check of the data").render(language),
        brand=brand,
        as_of=report["as_of"],
        home="",
        contents=_contents(tables, proposals, language),
        usable=report["usable"],
        problems=report["problems"],
        people=_people(report, language),
        tables=tables,
        proposals=proposals,
        playbooks=_playbooks(report.get("questions", {}), language),
        missing_tables=[heading(name, language) for name in report["missing_tables"]],
    )


def _contents(
    tables: Sequence[Mapping[str, Any]], proposals: Sequence[Any], language: str
) -> list[Entry]:
    entries = [Entry(2, translate("Tables", language), "tables")]
    entries += [Entry(3, table["title"], table["anchor"]) for table in tables]
    if proposals:
        entries.append(Entry(2, translate("Mappings to confirm", language), "proposals"))
    return [*entries, Entry(2, translate("Questions that can run", language), "questions")]


def _people(report: Mapping[str, Any], language: str) -> str:
    if report["people"] is None:
        return ""
    known = [
        msg("{name} {people:count}", name=_column(name, language), people=people)
        for name, people in report["identities"].items()
    ]
    return msg(
        "{people:count} people; by identity: {known}.",
        people=report["people"],
        known=join_messages(known),
    ).render(language)


def _table(
    name: str, table: Mapping[str, Any], presets: Sequence[Mapping[str, Any]], language: str
) -> dict[str, Any]:
    profile = table.get("profile") or {}
    days = profile.get("days")
    return {
        "title": heading(name, language),
        "anchor": f"table-{name.replace('_', '-')}",
        "rows": _count(table["rows"], language),
        "used": _count(table["used"], language),
        "left_out": _shares(table["dropped"].items(), table["rows"], language),
        "faults": _faults(table, language),
        "unknown": [
            (_column(column, language), values)
            for column, values in table.get("unknown_values", {}).items()
        ],
        "span": f"{days['first']} – {days['last']}" if days else MISSING,
        "missing_days": _count(days["without_rows"], language) if days else MISSING,
        "notes": _notes(table, profile, language),
        "identities": _identities(profile.get("identities", {}), language),
        "files": [_file(file, language) for file in table["files"]],
        "presets": [_preset(preset, language) for preset in presets],
    }


def _column(name: str, language: str) -> str:
    """A column in words, or by the name that client.yml knows it by."""
    return heading(name, language) if has_label(name) else name


def _count(number: int, language: str) -> str:
    return format_value(number, "count", language)


def _of(rows: int, total: int, language: str) -> str:
    """A count beside its share of a total."""
    share = rows / total if total else None
    return msg("{rows:count} ({share:percent})", rows=rows, share=share).render(language)


def _words(text: str, language: str) -> str:
    return _REASONS[text].render(language) if text in _REASONS else reason(text, language)


def _shares(pairs: Any, total: int, language: str) -> list[tuple[str, str]]:
    return [(_words(why, language), _of(rows, total, language)) for why, rows in pairs]


def _faults(table: Mapping[str, Any], language: str) -> list[tuple[str, str, str]]:
    return [
        (
            _column(fault["column"], language),
            _words(fault["reason"], language),
            _of(fault["rows"], table["rows"], language),
        )
        for fault in table["faults"]
    ]


def _notes(table: Mapping[str, Any], profile: Mapping[str, Any], language: str) -> list[str]:
    """Sentences on time: days without rows, late tables, times that cannot be."""
    days, notes = profile.get("days"), []
    if days and days["gap_count"]:
        longest = days["gaps"][0]
        notes.append(
            msg(
                "{missing:count} of {days:count} days have no row, in {gaps:count} stretches; the "
                "longest is {first} to {last} ({length:count} days).",
                missing=days["without_rows"],
                days=days["with_rows"] + days["without_rows"],
                gaps=days["gap_count"],
                first=longest["from"],
                last=longest["to"],
                length=longest["days"],
            )
        )
    if days and days.get("late"):
        notes.append(
            msg(
                "The last row lies {days:count} days before the last day of the analysis.",
                days=days["days_before_as_of"],
            )
        )
    notes += [
        msg(
            "{rows:count} of {used:count} rows have a time ({column}) before their own beginning.",
            rows=rows,
            used=table["used"],
            column=_column(column, language),
        )
        for column, rows in profile.get("impossible_times", {}).items()
    ]
    return [note.render(language) for note in notes]


def _identities(identities: Mapping[str, Any], language: str) -> list[tuple[str, str, str]]:
    return [
        (
            _column(name, language),
            _of(found["with_value"], found["rows"], language),
            _of(found["masked"], found["rows"], language),
        )
        for name, found in identities.items()
    ]


def _file(file: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {
        "path": file["path"],
        "rows": _count(file["rows"], language),
        "encoding": file["encoding"],
        "ignored": file["ignored_columns"],
    }


def _preset(preset: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {
        "name": preset["preset"],
        "title": preset["title"][language],
        "notes": [note[language] for note in preset["notes"]],
        "verify": [note[language] for note in preset["verify"]],
    }


def _playbooks(questions: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    return [
        {
            "title": TITLES[playbook][language],
            "running": sum(found["runs"] for found in judged.values()),
            "total": len(judged),
            "questions": [
                {
                    "title": question_heading(question, language),
                    "runs": found["runs"],
                    "lacks": _lacks(found["missing"]).render(language),
                }
                for question, found in judged.items()
            ],
        }
        for playbook, judged in questions.items()
    ]


def _lacks(missing: Sequence[str]) -> Message:
    """Names as the consultant writes them in client.yml and in the headers."""
    return join_messages(missing)
