"""Playbook 00, consent: the checks before any list of people leaves the house (S172)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import CHILD_VALUES
from privdom_kit.engine import checkpoint, collect
from privdom_kit.forms import Forms
from privdom_kit.intake.measure_stitching import add_share, coverage_of
from privdom_kit.intake.reach import count_people
from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.client import Client

_METHODS = ("S172",)
OK, RED, NOT_STATED = "ok", "red", "not_stated"
_CHANNELS_OF = {"call_sms": ("call", "sms")}
_COLUMNS = ["check", "channel", "counted", "checked", "missing", "mark"]


def measure_consent(client: Client, forms: Forms | None = None) -> Result:
    """Licences, consent by channel, guardians' consent, opt-outs and limits: one red mark stops.

    Args:
        client: The opened client.
        forms: What the consultant states (:func:`privdom_kit.forms.read_forms`); nothing, where
            not given.

    Returns:
        ``table``: check, channel (empty where it is none), counted (people or systems), checked,
        missing (those of them without licence or consent, or written to after they opted out),
        missing_share, mark (ok, red, not_stated). Consent by channel is missing where people
        without consent are not left out. ``act`` with a red mark, ``not_measured`` where nothing
        is stated or found, ``watch`` where some checks are not stated, else ``clear``.
    """
    import pandas as pd

    forms = forms or Forms()
    checks = [
        *_licences(forms),
        *_channels(client, forms),
        *_guardians(client),
        *_opt_outs(client),
        _limits(forms),
    ]
    least = client.settings.privacy.min_cell
    table = pd.DataFrame(checks, columns=_COLUMNS).astype({"checked": "Int64", "missing": "Int64"})
    marks = table["mark"].value_counts()
    table, hidden = _hide(add_share(table, "missing_share", "missing", "checked"), least)
    reds, unstated = int(marks.get(RED, 0)), int(marks.get(NOT_STATED, 0))
    return Result(
        question="consent",
        methods=_METHODS,
        verdict=_judge(len(table), reds, unstated),
        table=table,
        units={"missing_share": "percent: share of those checked"},
        settings={"privacy.min_cell": least},
        coverage=coverage_of(client, [n for n in ("members", "deliveries") if n in client.tables]),
        as_of=client.as_of.isoformat(),
        figures={
            "checks": len(table),
            "red": reds,
            "not_stated": unstated,
            "export_allowed": False if reds else (None if unstated else True),
        },
        notes=(*_unstated_note(table), *suppression_note(hidden, least)),
    )


def _judge(checks: int, reds: int, unstated: int) -> Verdict:
    if reds:
        return Verdict.ACT
    if unstated == checks:
        return Verdict.NOT_MEASURED
    return Verdict.WATCH if unstated else Verdict.CLEAR


def _check(
    check: str,
    mark: str,
    channel: str | None = None,
    counted: str | None = None,
    checked: int | None = None,
    missing: int | None = None,
) -> dict[str, Any]:
    values = (check, channel, counted, checked, missing, mark)
    return dict(zip(_COLUMNS, values, strict=True))


def _stated(good: bool | None) -> str:
    return NOT_STATED if good is None else OK if good else RED


def _licences(forms: Forms) -> Iterator[dict[str, Any]]:
    """A tool that the platforms forbid, or without a licence, is red; so is one among many."""
    systems = forms.systems.values()
    for check, answers in (
        ("official_tools", [system.official for system in systems]),
        ("licences", [system.licensed for system in systems]),
    ):
        bad = answers.count(False)
        good = False if bad else None if None in answers or not answers else True
        if answers:
            yield _check(check, _stated(good), None, "systems", len(answers), bad)
        else:
            yield _check(check, _stated(good))


def _channels(client: Client, forms: Forms) -> Iterator[dict[str, Any]]:
    """Channels that are stated, and those that the data show in use."""
    stated = forms.consent.channels
    for channel in dict.fromkeys([*stated, *_used_channels(client)]):
        told = stated.get(channel)
        if told is None or told.people is None or told.with_consent is None:
            yield _check("marketing_consent", NOT_STATED, channel)
            continue
        missing = told.people - told.with_consent
        mark = _stated(not missing or told.left_out is True)
        yield _check("marketing_consent", mark, channel, "people", told.people, missing)


def _used_channels(client: Client) -> list[str]:
    used: list[str] = []
    if "contacts" in client.tables:
        used.append("wecom")
    if "followers" in client.tables:
        used.append("service_account")
    if "deliveries" in client.tables:
        for channel in client.deliveries.dictionaries.get("channel", ()):
            used += _CHANNELS_OF.get(channel, (channel,))
    return used


def _guardians(client: Client) -> Iterator[dict[str, Any]]:
    """Members with a child under 14 whose guardian's consent is not on record (PI-02)."""
    import narwhals as nw

    if "members" not in client.tables or not client.members.has("child_birth_month"):
        return
    band = nw.col("child_band")
    outside, missing = (CHILD_VALUES.index(v) for v in ("outside_0_14y", "no_consent"))
    children = client.members.frame.filter(~band.is_null() & (band != outside))
    counted = children.group_by("child_band").agg(nw.col("customer").n_unique().alias("people"))
    people = collect(counted, limit=len(CHILD_VALUES)).set_index("child_band")["people"]
    without = int(people.get(missing, 0))
    every = int(people.sum())
    yield _check("guardian_consent", _stated(not without), None, "people", every, without)


def _opt_outs(client: Client) -> Iterator[dict[str, Any]]:
    """People who opted out of a channel and were sent something there later."""
    import narwhals as nw

    if "deliveries" not in client.tables:
        return
    deliveries = client.deliveries
    if not deliveries.has("opted_out_at"):
        yield _check("opt_outs", NOT_STATED)
        return
    rows = deliveries.frame.filter(~nw.col("customer").is_null())
    gone = checkpoint(
        rows.group_by("customer", "channel")
        .agg(nw.col("opted_out_at").min().alias("gone_at"))
        .filter(~nw.col("gone_at").is_null())
    )
    later = rows.join(gone, on=["customer", "channel"], how="inner").filter(
        nw.col("sent_at") > nw.col("gone_at")
    )
    every, after = count_people(gone), count_people(later)
    yield _check("opt_outs", _stated(not after), None, "people", every, after)


def _limits(forms: Forms) -> dict[str, Any]:
    return _check("platform_limits", _stated(forms.consent.platform_limits_kept))


def _hide(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """Small counts of people hidden; counts of systems are nobody's."""
    of_people = table["counted"] == "people"
    hidden = 0
    shown = table.copy()
    for column, others in (
        ("checked", ["missing", "missing_share"]),
        ("missing", ["missing_share"]),
    ):
        part, cells = suppress(shown[of_people], column, others, least, groups=())
        shown.loc[of_people, part.columns] = part
        hidden += cells
    return shown, hidden


def _unstated_note(table: pd.DataFrame) -> tuple[Message, ...]:
    names = list(dict.fromkeys(table.loc[table["mark"] == NOT_STATED, "check"]))
    if not names:
        return ()
    return (
        msg(
            "Not stated in forms.yml and not in the data, so not checked: {checks}.",
            checks=join_messages([label(name) for name in names]),
        ),
    )
