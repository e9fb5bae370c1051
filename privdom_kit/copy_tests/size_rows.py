"""The rows of the question sample_size: crowds, arms and guard-rails of planned tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded
from privdom_kit.copy_tests.baselines import (
    Baseline,
    crowd_baseline,
    guardrail_baseline,
    pooled_baseline,
)
from privdom_kit.copy_tests.planned_people import (
    UNKNOWN,
    CrowdSize,
    arm_people,
    crowd_sizes,
    summed_people,
)
from privdom_kit.copy_tests.sizes_needed import (
    Needed,
    alpha_each,
    can,
    can_of_parts,
    detectable,
    ends,
    needed_for_difference,
    needed_for_guardrail,
    planned_difference,
)

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest
    from privdom_kit.settings import CopyTestsSettings

POOLED, CROWD = "all_crowds", "crowd"
NEEDED, BASELINE = bounded("needed_people"), bounded("baseline")
CAN_SEE = bounded("detectable_difference")
_COLUMNS = (
    *("test", "scope", "crowd", "primary", "people", "people_source", "control_people"),
    *("needed_control_people", *NEEDED, *BASELINE, "baseline_source", "baseline_test"),
    *("baseline_people", "difference", *CAN_SEE, "detectable_lift", "can_detect"),
    *("arms_compared", "alpha_each", "power", "formula"),
)
_GUARDED = (
    *("test", "metric", "margin", "people", "control_people", "needed_control_people", *NEEDED),
    *(*BASELINE, "baseline_source", "baseline_test", "baseline_people", "can_show"),
    *("alpha_one_sided", "power", "formula"),
)
_UNPOOLED = "formula_unpooled"


@dataclass(frozen=True, slots=True)
class Group:
    """A crowd of a test, or all of them: its people and its baseline."""

    scope: str
    size: CrowdSize
    control: int | None
    baseline: Baseline | None


def groups_of(base: CopyBase, plan: CopyTest) -> list[Group]:
    """All crowds pooled, then each crowd where there is more than one."""
    sizes = crowd_sizes(base, plan)
    arms = summed_people(plan, sizes)
    place = _control_place(plan)
    known = [size.people for size in sizes]
    total = sum(arms) if arms else None
    source = next((s.source for s in sizes if s.people is None), sizes[0].source)
    control = arms[place] if arms and place is not None else None
    whole = CrowdSize(None, total, source)
    groups = [Group(POOLED, whole, control, pooled_baseline(base, plan, known))]
    if len(plan.crowds) < 2:
        return groups
    for crowd, size in zip(plan.crowds, sizes, strict=True):
        own = None
        if size.people is not None and place is not None:
            own = arm_people(plan, size.people)[place]
        groups.append(Group(CROWD, size, own, crowd_baseline(base, plan, crowd)))
    return groups


def _control_place(plan: CopyTest) -> int | None:
    """The place of the copy in use among the arms, held back first; without one, of those."""
    if plan.against_held_back:
        return 0
    names = [arm.name for arm in plan.arms]
    return None if plan.control is None else names.index(plan.control.name) + 1


def size_rows(
    plans: tuple[CopyTest, ...], groups: Mapping[str, list[Group]], rules: CopyTestsSettings
) -> pd.DataFrame:
    """A row a test for all crowds, then one a crowd: needed, there, and what they can show."""
    import pandas as pd

    rows = [_size_row(plan, group, rules) for plan in plans for group in groups[plan.id]]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    counts = ("people", "control_people", "needed_control_people", *NEEDED, "baseline_people")
    table = table.astype(dict.fromkeys(counts, "Int64"))
    numbers = (*BASELINE, "difference", *CAN_SEE, "detectable_lift", "alpha_each")
    return table.astype(dict.fromkeys(numbers, "float64"))


def _size_row(plan: CopyTest, group: Group, rules: CopyTestsSettings) -> dict[str, Any]:
    rates = ends(group.baseline)
    needed = [needed_for_difference(plan, rate, rules) for rate in rates]
    control = group.control
    seen = [None if control is None else detectable(plan, r, control, rules) for r in rates]
    gap = planned_difference(plan, rates[0]) if rates else plan.minimum_difference
    compared = len(plan.challengers) if plan.control or plan.against_held_back else 0
    return {
        "test": plan.id,
        "scope": group.scope,
        "crowd": group.size.crowd,
        "primary": plan.primary,
        "people": group.size.people,
        "people_source": group.size.source,
        "control_people": control,
        "needed_control_people": needed[0].control if needed and needed[0] else None,
        **_bounds("needed_people", [one and one.people for one in needed]),
        **_told(group.baseline),
        "difference": gap,
        **_bounds("detectable_difference", seen),
        "detectable_lift": seen[0] / rates[0] if seen and seen[0] and rates[0] else None,
        "can_detect": can_of_parts(can(needed, control), group.size.source != UNKNOWN),
        "arms_compared": compared,
        "alpha_each": alpha_each(plan, rules) if compared else None,
        "power": rules.power,
        "formula": f"formula_{rules.sample_size_formula}",
    }


def _bounds(name: str, values: list[Any]) -> dict[str, Any]:
    """A figure at the baseline, and its least and most over the baseline's interval."""
    first = values[0] if values else None
    if first is None or len(values) < 2 or None in values:
        return dict(zip(bounded(name), (first, None, None), strict=True))
    return dict(zip(bounded(name), (first, min(values), max(values)), strict=True))


def _told(baseline: Baseline | None) -> dict[str, Any]:
    if baseline is None:
        names = (*BASELINE, "baseline_source", "baseline_test", "baseline_people")
        return dict.fromkeys(names)
    values = (baseline.rate, baseline.lower, baseline.upper)
    return {
        **dict(zip(BASELINE, values, strict=True)),
        "baseline_source": f"baseline_{baseline.source}",
        "baseline_test": baseline.test,
        "baseline_people": baseline.people,
    }


def arm_rows(
    plans: tuple[CopyTest, ...], groups: Mapping[str, list[Group]], rules: CopyTestsSettings
) -> pd.DataFrame:
    """Needed and there, by arm, in the same order."""
    import pandas as pd

    rows = []
    for plan in plans:
        whole, *crowds = groups[plan.id]
        for group in groups[plan.id]:
            rates = ends(group.baseline)
            needed = needed_for_difference(plan, rates[0], rules) if rates else None
            for place, arm in enumerate(plan.arms):
                rows.append(
                    {
                        "test": plan.id,
                        "scope": group.scope,
                        "crowd": group.size.crowd,
                        "arm": arm.name,
                        "needed_people": needed.arms.get(arm.name) if needed else None,
                        "people": _people(plan, group, crowds or [whole], place + 1),
                    }
                )
    columns = ["test", "scope", "crowd", "arm", "needed_people", "people"]
    counts = dict.fromkeys(("needed_people", "people"), "Int64")
    return pd.DataFrame(rows, columns=columns).astype(counts)


def _people(plan: CopyTest, group: Group, parts: list[Group], place: int) -> int | None:
    """People of an arm; of all crowds the sum over them, as each is cut by itself."""
    chosen = parts if group.scope == POOLED else [group]
    known = [arm_people(plan, g.size.people) for g in chosen if g.size.people is not None]
    return sum(arms[place] for arms in known) if known else None


def guardrail_rows(
    base: CopyBase,
    plans: tuple[CopyTest, ...],
    groups: Mapping[str, list[Group]],
    rules: CopyTestsSettings,
) -> pd.DataFrame:
    """A row a test and guard-rail, all crowds pooled."""
    import pandas as pd

    rows = []
    for plan in plans:
        whole = groups[plan.id][0]
        for guardrail in plan.guardrails:
            baseline = guardrail_baseline(base, plan, guardrail.metric, guardrail.baseline)
            needed: list[Needed | None] = [
                needed_for_guardrail(plan, guardrail, rate, rules) for rate in ends(baseline)
            ]
            rows.append(
                {
                    "test": plan.id,
                    "metric": guardrail.metric,
                    "margin": guardrail.margin,
                    "people": whole.size.people,
                    "control_people": whole.control,
                    "needed_control_people": needed[0].control if needed and needed[0] else None,
                    **_bounds("needed_people", [one and one.people for one in needed]),
                    **_told(baseline),
                    "can_show": can_of_parts(
                        can(needed, whole.control), whole.size.source != UNKNOWN
                    ),
                    "alpha_one_sided": (1 - rules.confidence_level) / 2,
                    "power": rules.power,
                    "formula": _UNPOOLED,
                }
            )
    table = pd.DataFrame(rows, columns=list(_GUARDED))
    counts = ("people", "control_people", "needed_control_people", *NEEDED, "baseline_people")
    table = table.astype(dict.fromkeys(counts, "Int64"))
    return table.astype(dict.fromkeys((*BASELINE, "margin"), "float64"))
