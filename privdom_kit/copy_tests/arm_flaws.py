"""Whether each arm of a planned test can be told from the others: codes, links, templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.entry_codes import is_code

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.form_copy_tests import CopyArm, CopyTest

#: What makes the readout impossible: what came of one arm cannot be told from another's.
GRAVE = ("shared_code", "bad_code", "shared_link", "shared_template")
_WITH_TEXT = ("sms", "call_sms")


def arm_table(
    plans: Iterable[CopyTest], codes: Mapping[tuple[str, str], str], longest: int
) -> pd.DataFrame:
    """A row an arm: entry code, link, template, and what is wrong with them, joined by +."""
    import pandas as pd

    plans = tuple(plans)
    rows = [
        {
            "test": plan.id,
            "arm": arm.name,
            "entry_code": codes[plan.id, arm.name],
            "link": arm.link or None,
            "template": arm.template or None,
            "problems": "+".join(_problems(plan, arm, plans, codes, longest)),
        }
        for plan in plans
        for arm in plan.arms
    ]
    return pd.DataFrame(rows, columns=["test", "arm", "entry_code", "link", "template", "problems"])


def _problems(
    plan: CopyTest,
    arm: CopyArm,
    plans: tuple[CopyTest, ...],
    codes: Mapping[tuple[str, str], str],
    longest: int,
) -> list[str]:
    """What keeps the readout from telling this arm from others, gravest first."""
    others = [(p, a) for p in plans for a in p.arms if (p.id, a.name) != (plan.id, arm.name)]
    code = codes[plan.id, arm.name]
    found = []
    if code in {codes[p.id, a.name] for p, a in others}:
        found.append("shared_code")
    if not is_code(code, longest):
        found.append("bad_code")
    if plan.channel in (*_WITH_TEXT, "wecom"):
        if not arm.link:
            found.append("no_link")
        elif arm.link in {a.link for _, a in others}:
            found.append("shared_link")
    if plan.channel in _WITH_TEXT:
        if not arm.template:
            found.append("no_template")
        elif arm.template in {a.template for _, a in others}:
            found.append("shared_template")
    return sorted(found, key=lambda problem: problem not in GRAVE)
