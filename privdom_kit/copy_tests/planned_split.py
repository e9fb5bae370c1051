"""People by arm as planned and as found, crowd by crowd."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase

#: What the arm held back is called where the deliveries have none.
HOLDOUT = "holdout"
#: Crowd of the sums over all crowds.
EVERYBODY = ""


def planned_weights(
    base: CopyBase, test: str, crowd: str | None = EVERYBODY
) -> dict[str, float] | None:
    """Shares of the arms as planned, the arm held back among them; None without a plan.

    The sizes of the filed plan where it has them, else the weights of its arms. The arm held back
    is called as the deliveries call it, or ``holdout`` where they have none.

    Args:
        base: The client.
        test: Name of the test.
        crowd: A crowd, for which the filed plan may have sizes of its own; all people by default.
    """
    plan = base.plan(test)
    if plan is None or not plan.arms:
        return None
    held = held_name(base, test)
    sizes = _filed_sizes(base, test, held, crowd)
    if sizes:
        total = sum(sizes.values())
        return {name: people / total for name, people in sizes.items()}
    total = sum(arm.weight for arm in plan.arms)
    weights = {arm.name: arm.weight / total * (1 - plan.holdout_share) for arm in plan.arms}
    if plan.holdout_share > 0:
        weights[held] = plan.holdout_share
    return weights


def held_name(base: CopyBase, test: str) -> str:
    """What the arm of a test is called to which nothing was sent.

    Several such arms are one. People may be held back by their status, under the name of an arm
    that others were sent: then it is ``holdout``.
    """
    if base.units is None:
        return HOLDOUT
    arms = base.arms(test)
    held = arms[arms["held"]].sort_values(["people", "arm"], ascending=[False, True])
    sent = set(arms.loc[~arms["held"], "arm"])
    names = [str(name) for name in held["arm"] if name not in sent]
    return names[0] if names else HOLDOUT


def split_table(base: CopyBase, test: str) -> pd.DataFrame:
    """People of a test by crowd and arm, and how many would be there by plan.

    Returns:
        ``crowd`` (None where people are in none)``, arm, held, people, planned_people`` (people of
        the crowd x planned share of the arm; NaN without a plan). Arms that were planned and are
        not there have a row with 0.
    """
    import pandas as pd

    held, cells = held_name(base, test), base.cells[base.cells["test"] == test]
    cells = cells.assign(arm=cells["arm"].mask(cells["held"], held))
    rows = []
    for crowd, part in cells.groupby("crowd", dropna=False, sort=True):
        name = None if pd.isna(crowd) else str(crowd)
        people = part.groupby("arm")["people"].sum()
        weights = planned_weights(base, test, name)
        for arm in sorted(set(people.index) | set(weights or {})):
            planned = None if weights is None else weights.get(arm, 0.0) * int(people.sum())
            found = int(people.get(arm, 0))
            rows.append((name, arm, arm == held, found, planned))
    table = pd.DataFrame(rows, columns=["crowd", "arm", "held", "people", "planned_people"])
    return table.astype({"crowd": object, "planned_people": "float64"})


def split_by_arm(table: pd.DataFrame) -> pd.DataFrame:
    """The sums of :func:`split_table` over crowds: ``arm, held, people, planned_people``.

    What is planned follows the crowds that there are, so that a crowd larger than planned is no
    deviation of the split.
    """
    rows = table.drop(columns="crowd").groupby(["arm", "held"], as_index=False)
    return rows.agg({"people": "sum", "planned_people": lambda part: part.sum(min_count=1)})


def _filed_sizes(base: CopyBase, test: str, held: str, crowd: str | None) -> dict[str, float]:
    """People by arm out of the filed plan; of the crowd where it names it, else of all."""
    filed = base.filed.get(test)
    if filed is None:
        return {}
    rows = [row for row in filed.sizes if crowd and row.get("crowd") == crowd] or list(filed.sizes)
    if any(row.get("people") is None for row in rows):
        return {}
    control = base.settings.copy_tests.control_arms
    sizes = dict[str, float]()
    for row in rows:
        arm = held if str(row["arm"]).lower() in control else str(row["arm"])
        sizes[arm] = sizes.get(arm, 0.0) + float(row["people"])
    return sizes if sum(size > 0 for size in sizes.values()) > 1 else {}
