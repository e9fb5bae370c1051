"""When each person first reached each stage of a stage model, out of the one scale of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint
from privdom_kit.events import BRAND, CUSTOMER, ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import narwhals as nw

    from privdom_kit.base import Base
    from privdom_kit.events import Events
    from privdom_kit.knowledge.stage_models import Stage, StageModel, StageRule

_SIDES = {"customer": CUSTOMER, "brand": BRAND}


def measured_stages(events: Events, model: StageModel) -> dict[str, bool]:
    """Whether the data hold any event that a rule of the stage asks for, by stage."""
    return {
        stage.id: any(rule.fits(event) for rule in stage.rules for event in events.counts)
        for stage in model.stages
    }


def stage_times(base: Base, models: Iterable[StageModel]) -> nw.LazyFrame:
    """Everyone with an event: when they first reached each stage or any later one.

    Returns:
        ``customer, known_day`` and for each stage ``<model>_<number>`` (epoch seconds) and
        ``<model>_<number>_day``; null where not reached. Computed once and kept in the engine.
    """
    import narwhals as nw

    rows = _countable(base)
    own: dict[str, nw.Expr] = {}
    repeated: list[tuple[str, StageRule]] = []
    models = tuple(models)
    for name, stage in _stages(models):
        once = [rule for rule in stage.rules if rule.times == 1]
        repeated += [(name, rule) for rule in stage.rules if rule.times > 1]
        here = _any_of([_fits(rule, base.events) for rule in once])
        own[name] = nw.when(here).then(nw.col("time"))
        own[f"{name}_day"] = nw.when(here).then(nw.col("day"))
    marked = rows.with_columns(**own)
    people = marked.group_by("customer").agg(
        nw.col("day").min().alias("known_day"), *[nw.col(name).min() for name in own]
    )
    for number, (name, rule) in enumerate(repeated):
        people = _join_repeated(people, rows, rule, base.events, name, f"_extra_{number}")
    return checkpoint(_reached(people, models))


def _stages(models: Iterable[StageModel]) -> list[tuple[str, Stage]]:
    return [(f"{m.id}_{number}", s) for m in models for number, s in enumerate(m.stages)]


def _countable(base: Base) -> nw.LazyFrame:
    """The events; orders only on purchase days (bought and cancelled is not bought)."""
    import narwhals as nw

    columns = ("customer", "time", "day", "touchpoint", "action", "direction")
    rows = base.events.frame.select(*columns)
    if base.purchases is None:
        return rows
    days = base.purchases.days.select("customer", "day", "is_purchase")
    rows = rows.join(days, on=["customer", "day"], how="left")
    is_order = nw.col("action") == base.events.action(ORDER)
    return rows.filter(~is_order | (nw.col("is_purchase") == 1)).select(*columns)


def _fits(rule: StageRule, events: Events) -> nw.Expr:
    import narwhals as nw

    fits = nw.col("action").is_in([events.action(name) for name in rule.actions])
    if rule.touchpoints:
        fits &= nw.col("touchpoint").is_in([events.touchpoint(n) for n in rule.touchpoints])
    return fits & (nw.col("direction") == _SIDES[rule.by]) if rule.by else fits


def _any_of(conditions: list[nw.Expr]) -> nw.Expr:
    import narwhals as nw

    found: nw.Expr = nw.lit(False)
    for condition in conditions:
        found = found | condition
    return found


def _join_repeated(
    people: nw.LazyFrame, rows: nw.LazyFrame, rule: StageRule, events: Events, name: str, extra: str
) -> nw.LazyFrame:
    """The people with the time of a rule that asks for several days, if it is earlier."""
    import narwhals as nw

    days = rows.filter(_fits(rule, events)).group_by("customer", "day")
    ranked = days.agg(nw.col("time").min()).with_columns(_one=nw.lit(1))
    ranked = ranked.with_columns(rank=nw.col("_one").cum_sum().over("customer", order_by="day"))
    found = ranked.filter(nw.col("rank") == rule.times).select(
        "customer", nw.col("time").alias(extra), nw.col("day").alias(f"{extra}_day")
    )
    joined = people.join(found, on="customer", how="left")
    earliest = {
        f"{name}{end}": nw.min_horizontal(f"{name}{end}", f"{extra}{end}") for end in ("", "_day")
    }
    return joined.with_columns(**earliest).drop(extra, f"{extra}_day")


def _reached(people: nw.LazyFrame, models: Iterable[StageModel]) -> nw.LazyFrame:
    """A stage counts as reached with any later one: the first time of all from it on."""
    import narwhals as nw

    columns: dict[str, nw.Expr] = {}
    for model in models:
        for ending in ("", "_day"):
            names = [f"{model.id}_{number}{ending}" for number in range(len(model.stages))]
            for number, name in enumerate(names):
                columns[name] = nw.min_horizontal(*names[number:])
    return people.select("customer", "known_day", **columns)


def step_flags(model: StageModel, number: int, window_days: int, as_of_day: int) -> Mapping:
    """What becomes of people between a stage and the next: expressions that are 1 or 0.

    ``at``: they were at the stage before they reached the next. ``ripe``: and early enough to be
    watched for the whole window. ``passed``: and reached the next, or one beyond, within it.
    ``skipped``: they were first seen beyond the stage.
    """
    import narwhals as nw

    here, beyond = (nw.col(f"{model.id}_{n}") for n in (number, number + 1))
    day = nw.col(f"{model.id}_{number}_day")
    at = ~here.is_null() & (beyond.is_null() | (beyond > here))
    ripe = at & (day <= as_of_day - window_days)
    flags = {
        "at": at,
        "ripe": ripe,
        "passed": ripe & ~beyond.is_null() & (beyond - here <= window_days * 86_400),
        "skipped": ~here.is_null() & (beyond == here),
    }
    return {
        name: nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0)) for name, flag in flags.items()
    }
