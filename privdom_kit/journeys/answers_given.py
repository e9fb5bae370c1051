"""What people answered, in the engine: who was asked at which stage, how they felt, what hurt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from privdom_kit.engine import collect
from privdom_kit.knowledge.stage_models import load_stage_models, usual_ranks

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings
    from privdom_kit.tables import Table

LEAST, MOST = -2, 2
_MOST_GROUPS = 10_000


def people_of(responses: Table) -> nw.LazyFrame:
    """The answers with ``person``: whoever is not named is somebody else in each answer."""
    import narwhals as nw

    frame = responses.frame
    missing = [
        nw.lit(None, dtype=kind).alias(name)
        for name, kind in (("score", nw.Float64), ("pain_point", nw.String))
        if not responses.has(name)
    ]
    nobody = -1 - nw.col("order_key").cast(nw.Int64)
    person = nw.col("customer").cast(nw.Int64).fill_null(nobody)
    return frame.with_columns(person.alias("person"), *missing).filter(~nw.col("stage").is_null())


def scored(rows: nw.LazyFrame) -> nw.LazyFrame:
    """Answers whose score lies on the scale."""
    import narwhals as nw

    return rows.filter((nw.col("score") >= LEAST) & (nw.col("score") <= MOST))


def mean_scores(rows: nw.LazyFrame, *keys: str) -> pd.DataFrame:
    """People, sums and squares of their mean scores, and who is below zero, by group.

    A person who answers several times in a group is one value, the mean of the answers.

    Returns:
        ``*keys, people, total, squares, negative_people, answers``.
    """
    import narwhals as nw

    own = rows.group_by(*keys, "person").agg(
        nw.col("score").mean().alias("mean"), nw.len().alias("answers")
    )
    own = own.with_columns(
        square=nw.col("mean") * nw.col("mean"),
        below=nw.when(nw.col("mean") < 0).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    sums = own.group_by(*keys).agg(
        nw.len().alias("people"),
        nw.col("mean").sum().alias("total"),
        nw.col("square").sum().alias("squares"),
        nw.col("below").sum().alias("negative_people"),
        nw.col("answers").sum(),
    )
    table = collect(sums, limit=_MOST_GROUPS)
    whole = ("people", "negative_people", "answers")
    return table.astype(dict.fromkeys(whole, "int64"))


def order_stages(names: Sequence[str], base: Base, settings: Settings) -> tuple[list[str], str]:
    """Stages first to last, and who says so.

    The setting comes first, then forms.yml, then a stage model, then the usual names of journeys.
    The last two only count where they know every stage.

    Returns:
        The ordered stages that are known, and ``settings``, ``forms``, the id of a stage model,
        ``usual``, or an empty text where nothing orders them.
    """
    stated = (
        ("settings", settings.journeys.stage_order),
        ("forms", tuple(base.forms.journey.stages)),
    )
    for source, order in stated:
        if order:
            return [*order], source
    for model in load_stage_models().values():
        for known in ([s.id for s in model.stages], [s.zh for s in model.stages]):
            if set(names) <= set(known):
                return [name for name in known if name in names], model.id
    ranks = usual_ranks()
    places = [ranks.get(name.lower()) for name in names]
    if None in places or len(set(places)) < len(places):
        return [], ""
    return sorted(names, key=lambda name: ranks[name.lower()]), "usual"
