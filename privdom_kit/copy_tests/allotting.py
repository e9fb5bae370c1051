"""Who is in which test and which arm: by a keyed hash of the person, never by the row.

People are ordered by the SHA-256 of the test and their keyed id, and the order is cut into
segments. So sizes follow from the number of people alone, a draw can be repeated by anybody who
has the client's key, and one person more moves at most one other person across each cut.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from privdom_kit.copy_tests.plan_times import connected_plans
from privdom_kit.engine import checkpoint, send, with_digest

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.copy_tests.start import CopyBase
    from privdom_kit.form_copy_tests import CopyTest

#: What the list of people who are sent nothing calls their arm.
HOLDOUT = "holdout"


def arm_names(base: CopyBase, plan: CopyTest) -> tuple[str, ...]:
    """The arms of a test in the order in which people are cut; held back first."""
    held = base.settings.copy_tests.control_arms
    name = HOLDOUT if HOLDOUT in held or not held else held[0]
    return (name, *(arm.name for arm in plan.arms))


def arm_shares(plan: CopyTest) -> tuple[Fraction, ...]:
    """Shares of the people by arm, held back first; exactly one in all."""
    held = Fraction(str(plan.holdout_share))
    weights = [Fraction(str(arm.weight)) for arm in plan.arms]
    total = sum(weights, Fraction(0))
    return (held, *((1 - held) * weight / total for weight in weights))


def arm_cuts(people: int, shares: tuple[Fraction, ...]) -> list[int]:
    """Places in the order of people at which one arm ends and the next begins.

    Each is the share up to there of the people, rounded to the nearest: no arm is off its share by
    a person, and with one person more no cut moves by more than one place.
    """
    ends = [sum(shares[: place + 1], Fraction(0)) for place in range(len(shares) - 1)]
    return [math.floor(people * end + Fraction(1, 2)) for end in ends]


def allot(
    base: CopyBase, plans: tuple[CopyTest, ...], rows: nw.LazyFrame, other: int
) -> nw.LazyFrame:
    """The people with everybody in one of the tests that run at the same time.

    Among people who could be in the same crowds of the same tests, each test gets an equal part.

    Args:
        base: The base.
        plans: The tests.
        rows: ``customer_id`` and, by place of a test, ``crowd_0, reason_0``: see
            :class:`privdom_kit.copy_tests.crowds_of_plan.Crowds`.
        other: The reason of who went to another test.
    """
    for group in connected_plans(base, plans):
        if len(group) > 1:
            rows = checkpoint(_one_each(rows, group, [plans[i].id for i in group], other))
    return rows


def _one_each(rows: nw.LazyFrame, group: list[int], names: list[str], other: int) -> nw.LazyFrame:
    import narwhals as nw

    given = rows.collect_schema().names()
    free = {i: (nw.col(f"crowd_{i}") >= 0) & (nw.col(f"reason_{i}") == 0) for i in group}
    could = {
        f"_in_{i}": nw.when(free[i]).then(nw.col(f"crowd_{i}")).otherwise(nw.lit(-1)) for i in group
    }
    rows = rows.with_columns(_one=nw.lit(1), **could)
    tests = nw.lit(0)
    for i in group:
        inside = nw.when(nw.col(f"_in_{i}") >= 0).then(nw.lit(1)).otherwise(nw.lit(0))
        rows = rows.with_columns(**{f"_before_{i}": tests})
        tests = tests + inside
    salt = "allot:" + "+".join(names) + ":"
    rows = rows.with_columns(
        _tests=tests, _key=nw.concat_str([nw.lit(salt), nw.col("customer_id")])
    )
    rows = with_digest(rows, "_key", "_digest")
    same = list(could)
    rank = nw.col("_one").cum_sum().over(*same, order_by=["_digest", "customer_id"]) - 1
    rows = rows.with_columns(_rank=rank, _people=nw.col("_one").sum().over(*same))
    chosen = nw.lit(0)
    for cut in range(1, len(group)):
        m, n, r = nw.col("_tests"), nw.col("_people"), nw.col("_rank")
        # rank >= n * cut / m rounded to the nearest, in whole numbers
        past = (m > cut) & (2 * m * r > 2 * n * cut - m)
        chosen = chosen + nw.when(past).then(nw.lit(1)).otherwise(nw.lit(0))
    rows = rows.with_columns(_chosen=chosen)
    settled = {
        f"reason_{i}": nw.when(
            (nw.col(f"_in_{i}") >= 0) & (nw.col(f"_before_{i}") != nw.col("_chosen"))
        )
        .then(nw.lit(other))
        .otherwise(nw.col(f"reason_{i}"))
        for i in group
    }
    return rows.with_columns(**settled).select(*given)


def with_arms(
    rows: nw.LazyFrame, test: str, sizes: dict[int, int], shares: tuple[Fraction, ...]
) -> nw.LazyFrame:
    """The people drawn for a test with their arm, cut crowd by crowd.

    Args:
        rows: ``customer, customer_id, crowd`` and more, one row a person.
        test: Id of the test, the salt of the order.
        sizes: People by crowd.
        shares: See :func:`arm_shares`.

    Returns:
        The rows with ``arm``, a place in :func:`arm_names`.
    """
    import narwhals as nw

    given = rows.collect_schema().names()
    key = nw.concat_str([nw.lit(f"{test}:"), nw.col("customer_id")])
    rows = with_digest(rows.with_columns(_key=key, _one=nw.lit(1)), "_key", "_digest")
    rank = nw.col("_one").cum_sum().over("crowd", order_by=["_digest", "customer_id"]) - 1
    cuts = _cut_table(sizes, shares)
    rows = rows.with_columns(_rank=rank).join(send(cuts, beside=rows), on="crowd")
    arm = nw.lit(0)
    for place in range(len(shares) - 1):
        past = nw.col("_rank") >= nw.col(f"_cut_{place}")
        arm = arm + nw.when(past).then(nw.lit(1)).otherwise(nw.lit(0))
    return checkpoint(rows.with_columns(arm=arm).select(*given, "arm"))


def _cut_table(sizes: dict[int, int], shares: tuple[Fraction, ...]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"crowd": crowd, **{f"_cut_{i}": cut for i, cut in enumerate(arm_cuts(people, shares))}}
        for crowd, people in sizes.items()
    ]
    return pd.DataFrame(rows).astype("int64")
