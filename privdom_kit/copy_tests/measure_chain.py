"""Where do people stop on the way? Each stage of the chain per person sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, rate, used_settings
from privdom_kit.copy_tests.chain_sums import CHAINS, chain_sums
from privdom_kit.copy_tests.check_kinds import REPORTS, WITHOUT_SEND
from privdom_kit.copy_tests.measure_checks import NO_DELIVERIES
from privdom_kit.copy_tests.soundness import (
    checks,
    combine_verdicts,
    downgrade,
    failed_notes,
)
from privdom_kit.copy_tests.start import OBSERVED
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.settings import Settings

#: Why a stage has no number.
NO_COLUMN, NOBODY = "no_column", "nobody"
SENT = "sent"
_RULES = (
    *("confidence_level", "report_hours", "window_days", "kept_days", "talk_seconds"),
    "least_people",
)
_RATE, _STEP = bounded("sent_rate"), bounded("step_rate")
_COLUMNS = (
    *("test", "arm", "held_back", "channel", "stage", "people", "reached", *_RATE),
    *("previous_stage", "previous_people", "both", *_STEP),
)
QUESTION = Question(
    "funnel",
    ("S118",),
    {
        "test": "quote: name of the test",
        "arm": "quote: name of the arm",
        "held_back": "text: whether the people were sent nothing",
        "channel": "text: channel of the send",
        "stage": "text: stage of the chain",
        "people": "count: people of the arm of whom the stage is known by now",
        "reached": "count: of them those who reached the stage",
        "sent_rate": "percent: share of people sent to (what a test compares)",
        "previous_stage": "text: the stage before",
        "previous_people": "count: people at the stage before of whom this one is known",
        "both": "count: of them those who reached this one",
        "step_rate": "percent: share of people at the stage before (diagnosis only)",
        "reason": "text: why the stage has no number",
        "listed": "count: people on the list of the filed plan",
        "sent_people": "count: people who were sent to",
        "listed_rate": "percent: share of the list that was sent to",
        "tests": "count: tests",
        "gaps": "count: stages without data",
        "reports_differ": "count: tests whose reports are missing or not checked",
    },
)


def measure_funnel(base: CopyBase, settings: Settings) -> Result:
    """The chain of each arm: sent, delivered or connected, clicked, friend, kept, ordered (S118).

    ``sent_rate`` is of all people sent to, whom chance put into the arm: this is what a test may
    compare. ``step_rate`` is of the people at the stage before, counted one by one (who has both),
    and those are no like people from arm to arm: it is for diagnosis only. People whose window is
    not over are in no denominator, so later stages can have fewer people. Of people held back only
    stages are shown that need no send.

    Returns:
        ``table``: a row a test, arm and stage. ``tables["stage_gaps"]``: stages that the data do
        not tell. ``tables["sent_of_list"]``: people on the filed list beside people sent to. The
        verdict says whether the chain is whole: clear where every stage is measured and reports are
        even; a level alone is no reason to act.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    if base.units is None:
        return QUESTION.unanswered(
            base.base.as_of,
            Verdict.NOT_MEASURED,
            NO_DELIVERIES,
            used,
            coverage=base.base.coverage("deliveries"),
        )
    return _answer(base, settings, used)


def _answer(base: CopyBase, settings: Settings, used: dict[str, Any]) -> Result:
    import pandas as pd

    sums = chain_sums(base.units)  # type: ignore[arg-type]
    sums = sums[sums["channel"].isin(list(CHAINS))]
    tests = [test for test in base.tests() if test in set(sums["test"])]
    if not tests:
        reason = msg("Nobody is in one arm only of a test by text, call or WeCom.")
        return QUESTION.unanswered(base.base.as_of, Verdict.NOT_MEASURED, reason, used)
    level, least = settings.copy_tests.confidence_level, settings.privacy.min_cell
    rows = [row for test in tests for row in _test_rows(base, sums[sums["test"] == test], level)]
    gaps = [gap for test in tests for gap in _gaps(base, sums[sums["test"] == test])]
    gap_table = pd.DataFrame(gaps, columns=["test", "channel", "stage", "reason"])
    uneven = [test for test in tests if _reports_differ(base, test)]
    verdict = combine_verdicts(
        [
            _judge(base, test, sums[sums["test"] == test], test in set(gap_table["test"]), uneven)
            for test in tests
        ]
    )
    table, cells = _hidden(_typed(pd.DataFrame(rows, columns=list(_COLUMNS))), least)
    lists, more = _lists(base, tests, level, least)
    return QUESTION.answer(
        base.base.as_of,
        verdict,
        table,
        used,
        coverage=base.units.coverage,  # type: ignore[union-attr]
        figures={"tests": len(tests), "gaps": len(gaps), "reports_differ": len(uneven)},
        tables={"stage_gaps": gap_table, "sent_of_list": lists},
        notes=(
            *failed_notes(base),
            *_notes(base, tests),
            *suppression_note(cells + more, least),
        ),
    )


def _judge(
    base: CopyBase, test: str, sums: pd.DataFrame, has_gap: bool, uneven: list[str]
) -> Verdict:
    sent = sums[~sums["held"]]
    if sent["people"].sum() < base.settings.copy_tests.least_people:
        return Verdict.NOT_ENOUGH_DATA
    if has_gap or test in uneven:
        return Verdict.WATCH
    return downgrade(base, test, Verdict.CLEAR)


def _reports_differ(base: CopyBase, test: str) -> bool:
    """Whether reports are missing, uneven, or could not be checked."""
    status = next((c.status for c in checks(base, test) if c.name == REPORTS), "ok")
    return status != "ok"


def _test_rows(base: CopyBase, sums: pd.DataFrame, level: float) -> list[dict[str, Any]]:
    rows = []
    for _, arm in sums.iterrows():
        about = {
            "test": arm["test"],
            "arm": arm["arm"],
            "held_back": "true" if arm["held"] else "false",
            "channel": arm["channel"],
        }
        same = sums if arm["held"] else sums[~sums["held"] & (sums["channel"] == arm["channel"])]
        chain = _told(base, same, arm["channel"])
        if arm["held"]:
            chain = [stage for stage in chain if stage in WITHOUT_SEND]
        else:
            rows.append(about | {"stage": SENT, "people": arm["people"], "reached": arm["people"]})
        steps = zip([None, *chain], chain, strict=False)
        rows += [about | _stage_row(arm, stage, before, level) for before, stage in steps]
    return rows


def _told(base: CopyBase, arms: pd.DataFrame, channel: str) -> list[str]:
    """The stages of a chain that the tables tell of these arms."""
    given = base.units.outcomes  # type: ignore[union-attr]
    return [s for s in CHAINS[channel] if s in given and arms[f"x_{s}"].sum()]


def _stage_row(arm: pd.Series, stage: str, before: str | None, level: float) -> dict[str, Any]:
    """The first stage after the send follows it: its step is the share of people sent to."""
    people, reached = int(arm[f"n_{stage}"]), int(arm[f"x_{stage}"])
    row = {"stage": stage, "people": people, "reached": reached}
    row |= rate(reached, people, _RATE[0], level)
    if before is None:
        return row
    previous, both = int(arm[f"p_{before}_{stage}"]), int(arm[f"xy_{before}_{stage}"])
    step = {"previous_stage": before, "previous_people": previous, "both": both}
    return row | step | rate(both, previous, _STEP[0], level)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    counts = ("people", "reached", "previous_people", "both")
    shares = (*_RATE, *_STEP)
    return table.astype(dict.fromkeys(counts, "Int64") | dict.fromkeys(shares, "float64"))


def _hidden(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """The table without small cells, and without what would give them away.

    Friends less friends kept are friends lost, which the guard-rails hide where they are few.
    """
    kept = (table["stage"] == "friend_kept") & (table["previous_stage"] == "friend_added")
    lost = table["previous_people"] - table["both"]
    hidden = _is_small(table["reached"], least) | (kept & _is_small(lost, least))
    step = hidden | _is_small(table["both"], least)
    # The people at a stage that is hidden stand in the row of the next one.
    keys = ["test", "arm", "held_back", "channel"]
    before = table[hidden].set_index([*keys, "stage"]).index
    step |= table.set_index([*keys, "previous_stage"]).index.isin(before)
    shown = table.copy()
    for columns, gone in (
        (("reached", *_RATE), hidden),
        (("previous_people", "both", *_STEP), step),
    ):
        for column in columns:
            shown[column] = shown[column].mask(gone)
    return shown, int(hidden.sum()) + int((step & ~hidden).sum())


def _is_small(counts: pd.Series, least: int) -> pd.Series:
    return ((counts > 0) & (counts < least)).fillna(False).astype(bool)


def _gaps(base: CopyBase, sums: pd.DataFrame) -> list[dict[str, Any]]:
    """Stages of the chains of a test that no table tells, or that nobody is recorded at."""
    found = []
    given = base.units.outcomes  # type: ignore[union-attr]
    sent = sums[~sums["held"]]
    for channel in sorted(set(sent["channel"])):
        arms = sent[sent["channel"] == channel]
        told = _told(base, arms, channel)
        for stage in (stage for stage in CHAINS[channel] if stage not in told):
            row = {"test": arms["test"].iloc[0], "channel": channel, "stage": stage}
            found.append(row | {"reason": NOBODY if stage in given else NO_COLUMN})
    return found


def _lists(base: CopyBase, tests: list[str], level: float, least: int) -> tuple[pd.DataFrame, int]:
    """People that the filed plan has in each arm, beside those who were sent to."""
    import pandas as pd

    from privdom_kit.suppression import suppress

    held, rows = base.settings.copy_tests.control_arms, []
    for test in tests:
        filed = base.filed.get(test)
        sizes = [size for size in filed.sizes if size.get("people") is not None] if filed else []
        arms = base.arms(test)
        sent = arms[~arms["held"]].set_index("arm")["people"]
        for arm in dict.fromkeys(str(size["arm"]) for size in sizes):
            if arm.lower() in held:
                continue
            listed = sum(int(size["people"]) for size in sizes if size["arm"] == arm)
            people = int(sent.get(arm, 0))
            # More than were on the list is a deviation, and no share of it.
            share = rate(people, listed if people <= listed else 0, "listed_rate", level)
            rows.append({"test": test, "arm": arm, "listed": listed, "sent_people": people} | share)
    names = ["test", "arm", "listed", "sent_people", *bounded("listed_rate")]
    table = pd.DataFrame(rows, columns=names)
    return suppress(table, "sent_people", bounded("listed_rate"), least, groups=())


def _notes(base: CopyBase, tests: list[str]) -> tuple[Message, ...]:
    rules = base.settings.copy_tests
    notes = [
        msg(
            "Shares of people sent to are what a test compares. Shares of the stage before are for "
            "diagnosis only: who gets there was not drawn by lot, and differs from arm to arm."
        ),
        msg(
            "Reports count up to {hours:count} hours after the send, everything else within the "
            "window of the test ({days:days} where its plan names none), kept friends {kept:days} "
            "later. Who is younger than that is in no denominator.",
            hours=rules.report_hours,
            days=rules.window_days,
            kept=rules.kept_days,
        ),
    ]
    if any(test not in base.filed for test in tests):
        notes.append(
            msg(
                "How many were on the list is not known without a filed plan: the chain begins "
                "with the people sent to."
            )
        )
    if any(base.evidence(test) == OBSERVED for test in tests):
        notes.append(
            msg(
                "Tests without a plan and without people held back are shown as they were seen: "
                "nothing says that chance decided who got what."
            )
        )
    return tuple(notes)
