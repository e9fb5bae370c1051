"""Who gets which version: crowds by rule, people left out, arms by a keyed hash of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, used_settings
from privdom_kit.copy_tests.allotting import arm_names, arm_shares, with_arms
from privdom_kit.copy_tests.arm_flaws import GRAVE, arm_table
from privdom_kit.copy_tests.balance import balance_table
from privdom_kit.copy_tests.crowds_of_plan import DRAWN, REASONS, Crowds
from privdom_kit.copy_tests.entry_codes import entry_codes
from privdom_kit.copy_tests.plan_times import open_plans, plans_to_draw
from privdom_kit.copy_tests.split_notes import split_notes
from privdom_kit.copy_tests.sums import collect_sums
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest
    from privdom_kit.settings import Settings

QUESTION = Question(
    "assignment",
    ("S034", "S122"),
    {
        "test": "quote: test",
        "crowd": "quote: crowd; none where the test has none",
        "arm": "quote: arm",
        "people": "count: people",
        "crowd_people": "count: people of the crowd who were drawn",
        "share": "percent: share of the people drawn of the crowd",
        "reason": "text: why people were left out",
        "found": "count: people whom the rule finds",
        "left_out": "count: people left out",
        "entry_code": "quote: entry code of the arm",
        "link": "quote: link of the arm",
        "template": "quote: template of the arm at the vendor",
        "problems": "text: what is wrong with the arm",
        "covariate": "text: what the arms are compared in",
        "arms": "count: arms",
        "balanced": "text: whether chance explains the differences between arms",
        "tests": "count: tests that are still to be sent",
        "drawn": "count: people who were drawn",
        "held_back": "count: people who are sent nothing",
        "flawed_arms": "count: arms with something wrong",
        "unfound_crowds": "count: crowds whose people cannot be found",
        "unbalanced_crowds": "count: crowds whose arms differ by more than chance explains",
    },
)
_RULES = (
    *("control_arms", "window_days", "frequency_days", "sms_cap", "call_cap"),
    *("entry_code_characters", "ratio_alarm"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Assignment(Result):
    """The answer, and the people behind it, who stay in the engine.

    Attributes:
        members: By test: lazy rows ``customer, customer_id, crowd, arm`` (places in the plan's
            crowds and in :func:`privdom_kit.copy_tests.allotting.arm_names`).
        sizes: By test: rows of crowd, arm, people, as the plan is filed with.
        codes: Entry code by test and arm.
        balance: How far apart arms are, exactly: it depends on the client's key, so it is in no
            table of the answer, which is the same on every machine.
    """

    members: Mapping[str, Any] = field(default_factory=dict)
    sizes: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    codes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    balance: Any = None


def measure_assignment(base: CopyBase, settings: Settings) -> Assignment:
    """Who would get which version, for every planned test of which nothing was sent yet.

    People are found by the crowds' rules, left out for the first reason that holds, given to one
    test of those that run at the same time, and cut into arms by the order of a keyed hash, crowd
    by crowd: the same people get the same arm whatever the order of rows.

    Returns:
        ``table``: a row a test, crowd and arm (held back among them). ``tables["left_out"]``: by
        test, crowd and reason. ``tables["crowds"]``: found, left out, drawn. ``tables["arms"]``:
        entry code, link and template of each arm, and what is wrong with them.
        ``tables["balance"]``: whether chance explains how arms differ in orders before.
    """
    used = used_settings(settings, *(f"copy_tests.{name}" for name in _RULES), "privacy.min_cell")
    crowds = base.crowds
    if crowds is None or not _any_found(crowds) or not any(plan.arms for plan in crowds.plans):
        verdict, reason = _missing(base)
        coverage = base.base.coverage(*_TABLES)
        return _carrying(
            QUESTION.unanswered(base.base.as_of, verdict, reason, used, coverage=coverage)
        )
    return _answer(base, settings, crowds, used)


def _any_found(crowds: Crowds) -> bool:
    """Whether the people of any crowd can be found at all."""
    places = ((i, j) for i, p in enumerate(crowds.plans) for j in range(len(_crowd_names(p))))
    return any(place not in crowds.unfound for place in places)


_TABLES = ("orders", "members", "followers", "contacts", "deliveries")


def _missing(base: CopyBase) -> tuple[Verdict, Message]:
    if not base.plans:
        return Verdict.NOT_MEASURED, msg("forms.yml plans no copy test (copy_tests:).")
    if not open_plans(base):
        return Verdict.NOT_MEASURED, msg("Every copy test that forms.yml plans is over.")
    if base.crowds is not None and not _any_found(base.crowds):
        return Verdict.NOT_ENOUGH_DATA, msg(
            "No crowd of the planned copy tests has a rule (who:) that finds its people in the "
            "tables: nobody can be drawn."
        )
    if not plans_to_draw(base):
        return Verdict.NOT_MEASURED, msg(
            "Every copy test that forms.yml plans is being sent already: who gets what is decided."
        )
    if base.people is None:
        return Verdict.NOT_MEASURED, msg("No table names people who could be drawn.")
    return Verdict.NOT_MEASURED, msg("The planned copy tests name no arms: nothing can be split.")


def _answer(base: CopyBase, settings: Settings, crowds: Crowds, used: dict[str, Any]) -> Assignment:
    least = settings.privacy.min_cell
    members, sizes = _split(base, crowds)
    codes = entry_codes(crowds.plans, settings.copy_tests.entry_code_characters)
    arms = arm_table(crowds.plans, codes, settings.copy_tests.entry_code_characters)
    exact = _balance(base, crowds, members)
    balance = _balance_shown(exact, settings)
    table = _size_table(crowds, sizes)
    shown, cells = suppress(table, "people", ["share"], least, groups=(("test", "crowd"),))
    few = (shown["crowd_people"] > 0) & (shown["crowd_people"] < least)
    shown["crowd_people"] = shown["crowd_people"].astype("Int64").mask(few)
    left, totals, more = _left_tables(crowds, least)
    held = table["arm"].isin({arm_names(base, plan)[0] for plan in crowds.plans})
    figures = {
        "tests": len(crowds.plans),
        "drawn": _told(int(table["people"].sum()), least),
        "held_back": _told(int(table.loc[held, "people"].sum()), least),
        "flawed_arms": int((arms["problems"] != "").sum()),
        "unfound_crowds": len(crowds.unfound),
        "unbalanced_crowds": int((balance["balanced"] == "false").sum()),
    }
    arms["problems"] = arms["problems"].where(arms["problems"] != "", None)
    result = QUESTION.answer(
        base.base.as_of,
        _judge(base, table, arms, figures),
        shown,
        used,
        coverage=base.base.coverage(*_TABLES),
        figures=figures,
        tables={"left_out": left, "crowds": totals, "arms": arms, "balance": balance},
        notes=(*split_notes(base, crowds), *suppression_note(cells + more, least)),
    )
    return _carrying(result, members=members, sizes=sizes, codes=codes, balance=exact)


def _told(people: int, least: int) -> int | None:
    return None if 0 < people < least else people


def _split(
    base: CopyBase, crowds: Crowds
) -> tuple[dict[str, nw.LazyFrame], dict[str, list[dict[str, Any]]]]:
    """The people of each test with their arm, and how many there are."""
    import narwhals as nw

    from privdom_kit.engine import collect

    members, sizes = {}, {}
    for i, plan in enumerate(crowds.plans):
        counts = crowds.counts
        free = counts[(counts["test"] == i) & (counts["reason"] == DRAWN)]
        people = {int(c): int(n) for c, n in zip(free["crowd"], free["people"], strict=True)}
        names = arm_names(base, plan)
        found = {}
        if people and plan.arms:
            rows = crowds.people.filter(
                nw.col(f"crowd_{i}") >= 0, nw.col(f"reason_{i}") == DRAWN
            ).select("customer", "customer_id", "orders", crowd=nw.col(f"crowd_{i}"))
            members[plan.id] = with_arms(rows, plan.id, people, arm_shares(plan))
            cells = members[plan.id].group_by("crowd", "arm").agg(nw.len().alias("people"))
            cells = collect(cells, limit=10_000)
            keys = zip(cells["crowd"], cells["arm"], strict=True)
            found = {
                (int(c), int(a)): int(n) for (c, a), n in zip(keys, cells["people"], strict=True)
            }
        sizes[plan.id] = [
            {"crowd": crowd, "arm": name, "people": found.get((place, arm), 0)}
            for place, crowd in enumerate(_crowd_names(plan))
            if (i, place) not in crowds.unfound
            for arm, name in enumerate(names)
            if arm or plan.holdout_share > 0
        ]
    return members, sizes


def _crowd_names(plan: CopyTest) -> tuple[str | None, ...]:
    return tuple(crowd.name for crowd in plan.crowds) or (None,)


def _size_table(crowds: Crowds, sizes: Mapping[str, list[dict[str, Any]]]) -> pd.DataFrame:
    import pandas as pd

    rows = [{"test": plan.id, **row} for plan in crowds.plans for row in sizes[plan.id]]
    table = pd.DataFrame(rows, columns=["test", "crowd", "arm", "people"])
    total = table.groupby(["test", "crowd"], dropna=False)["people"].transform("sum")
    share = table["people"] / total.where(total > 0)
    return table.assign(crowd_people=total, share=share.astype("float64"))


def _left_tables(crowds: Crowds, least: int) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """People left out by reason, and people by crowd; nothing from which a small count follows.

    A crowd's total is shown only where each of its reasons is.
    """
    import pandas as pd

    left, totals = [], []
    counts = crowds.counts.set_index(["test", "crowd", "reason"])["people"].to_dict()
    for i, plan in enumerate(crowds.plans):
        for j, crowd in enumerate(_crowd_names(plan)):
            if (i, j) in crowds.unfound:
                continue
            place = {"test": plan.id, "crowd": crowd}
            out = {name: counts.get((i, j, r), 0) for r, name in enumerate(REASONS) if r != DRAWN}
            left += [place | {"reason": name, "people": n} for name, n in out.items() if n]
            drawn, gone = counts.get((i, j, DRAWN), 0), sum(out.values())
            hidden = any(0 < n < least for n in (*out.values(), drawn))
            row = {"found": None if hidden else drawn + gone, "left_out": None if hidden else gone}
            totals.append(place | row | {"people": _told(drawn, least)})
    table = pd.DataFrame(left, columns=["test", "crowd", "reason", "people"])
    table, cells = suppress(table, "people", [], least, groups=())
    sums = pd.DataFrame(totals, columns=["test", "crowd", "found", "left_out", "people"])
    return table, sums.astype(dict.fromkeys(["found", "left_out", "people"], "Int64")), cells


# ---------------------------------------------------------------------------------------------
# Balance


def _balance(base: CopyBase, crowds: Crowds, members: Mapping[str, nw.LazyFrame]) -> pd.DataFrame:
    """Orders before the send by arm, on sums by crowd and arm; empty without orders."""
    import pandas as pd

    parts = []
    if base.base.purchases is not None:
        for plan in crowds.plans:
            if plan.id in members:
                sums = collect_sums(members[plan.id], ("crowd", "arm"), amounts=("orders",))
                names = [_crowd_names(plan)[int(code)] for code in sums["crowd"]]
                parts.append(sums.assign(test=plan.id, crowd=names))
    if not parts:
        empty = pd.DataFrame(columns=["test", "crowd", "people", "x_orders", "xx_orders"])
        return balance_table(empty, "orders")
    return balance_table(pd.concat(parts, ignore_index=True), "orders")


def _balance_shown(exact: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Whether chance explains the differences, at the alarm of sample ratios over all crowds."""
    import pandas as pd

    known = exact[exact["p_value"].notna() & (exact["people"] >= settings.privacy.min_cell)]
    alarm = settings.copy_tests.ratio_alarm / max(len(known), 1)
    fair = known["p_value"] >= alarm
    return pd.DataFrame(
        {
            "test": known["test"],
            "crowd": known["crowd"],
            "covariate": "orders_so_far",
            "people": known["people"].astype("Int64"),
            "arms": known["arms"].astype("Int64"),
            "balanced": ["true" if one else "false" for one in fair],
        }
    ).reset_index(drop=True)


def _judge(
    base: CopyBase, table: pd.DataFrame, arms: pd.DataFrame, figures: Mapping[str, Any]
) -> Verdict:
    if not len(table) or not table["people"].sum():
        return Verdict.NOT_ENOUGH_DATA
    flaws = {flaw for names in arms["problems"].dropna() for flaw in names.split("+")}
    if flaws & set(GRAVE):
        return Verdict.ACT
    unknown = not base.base.has("deliveries", "opted_out_at")
    gaps = flaws or figures["unfound_crowds"] or figures["unbalanced_crowds"]
    undated = any(plan.starts_on is None for plan in plans_to_draw(base))
    return Verdict.WATCH if unknown or gaps or undated else Verdict.CLEAR


def _carrying(result: Result, **more: Any) -> Assignment:
    values = {one.name: getattr(result, one.name) for one in fields(result)}
    return Assignment(**values, **more)
