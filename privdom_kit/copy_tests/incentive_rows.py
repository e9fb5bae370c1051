"""What incentives bring (S126): extra friends for what they cost beyond the control's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import bounded, interval_figures
from privdom_kit.copy_tests.contact_costs import Contacts
from privdom_kit.copy_tests.cost_rows import ratio_figures
from privdom_kit.copy_tests.friend_costs import benefit_ratio, group_sums
from privdom_kit.copy_tests.friend_values import incentive_costs
from privdom_kit.copy_tests.primary import challengers
from privdom_kit.copy_tests.start import PLANNED
from privdom_kit.estimates import difference_interval

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.small_cells import Hidden
    from privdom_kit.copy_tests.start import CopyBase

_RATIO = bounded("extra_friends_per_benefit")
_NUMBERS = (*bounded("difference"), "incentive_per_person", *_RATIO)


def incentive_table(
    base: CopyBase, contacts: Contacts, tests: list[str], small: Hidden
) -> pd.DataFrame:
    """A row a version with an incentive, in tests with a control that was sent the present copy."""
    import pandas as pd

    rows = [row for test in tests for row in _rows(base, contacts, test, small)]
    columns = ["test", "arm", "reference", *_NUMBERS, "bounded"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(_NUMBERS, "float64"))


def _rows(base: CopyBase, contacts: Contacts, test: str, small: Hidden) -> list[dict[str, Any]]:
    reference, paid = base.reference(test), incentive_costs(base, test)
    if reference is None or reference[1] != PLANNED or not any(paid.values()):
        return []
    rules, level = base.settings.copy_tests, base.settings.copy_tests.confidence_level
    cells = contacts.cells[(contacts.cells["test"] == test) & ~contacts.cells["held"]]
    groups = {arm: group_sums(part, paid) for arm, part in cells.groupby("arm")}
    rows = []
    for arm in challengers(base, test, reference[0]):
        ours, control = groups.get(arm), groups.get(reference[0])
        hidden = any((test, name, False) in small.arms for name in (arm, reference[0]))
        if ours is None or control is None or arm not in paid or hidden:
            continue
        if min(ours.people, control.people) < rules.least_people:
            continue
        ratio = benefit_ratio(ours, control, level)
        if ratio is None:
            continue
        sides = (ours.friends, ours.people, control.friends, control.people)
        rows.append(
            {
                "test": test,
                "arm": arm,
                "reference": reference[0],
                **interval_figures("difference", difference_interval(*sides, level)),
                "incentive_per_person": ours.incentives / ours.people
                - control.incentives / control.people,
                **ratio_figures("extra_friends_per_benefit", ratio),
                "bounded": "true" if ratio.bounded else "false",
            }
        )
    return rows
