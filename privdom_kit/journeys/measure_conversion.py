"""The funnel: how many reach each step, how long it takes, and which step holds people up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from privdom_kit.answers import Question, bounded, interval_figures, rate, used_settings
from privdom_kit.engine import checkpoint, collect
from privdom_kit.estimates import adjust_p_values, difference_interval, equality_test
from privdom_kit.journeys.funnel_rules import Rules
from privdom_kit.journeys.funnel_setup import (
    Step,
    countable,
    first_met,
    funnel_rules,
    funnel_steps,
)
from privdom_kit.journeys.funnel_times import SHARES, time_figures, waiting_times
from privdom_kit.journeys.funnels import reach
from privdom_kit.journeys.path_rows import end_of_time
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict, plain
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import Settings

ANY = "any"
_UNITS = {
    "step": "count: number of the step",
    "name": "text: step",
    "touchpoint": "text: touchpoint of the step; any",
    "action": "text: action of the step; any",
    "customers": "count: people who reached the step",
    "entered": "count: people who reached step 1",
    "of_first": "percent: share of those at step 1",
    "previous": "count: people who reached the step before",
    "of_previous": "percent: share of those at the step before",
    "under_way": "count: people at the step before who still have time for this one",
    "horizon_days": "days: time within which the step is judged",
    "in_time_share": "percent: share that takes the step in time, those under way allowed for",
    "half_days": "days: time within which half of those who take the step in time have done so",
    "slow_days": "days: time within which three quarters of them have done so",
    "with_previous": "count: people of the layer at the step before",
    "with_customers": "count: people of the layer who reached the step",
    "with_share": "percent: share of the layer's people at the step before",
    "without_previous": "count: other people at the step before",
    "without_customers": "count: other people who reached the step",
    "without_share": "percent: share of the other people at the step before",
    "difference": "points: share of the layer less share of the others",
    "p_value": "p_value: p-value of the difference, corrected for all steps (Holm)",
    "completed": "count: people who reached the last step",
    "completed_share": "percent: share of those at step 1 who reached the last step",
    "bottleneck": "text: step that the smallest share takes in time",
    "bottleneck_step": "count: its number",
    "bottleneck_share": "percent: share that takes it in time",
    "bottleneck_sure": "count: 1 where every other step is surely taken by a larger share, else 0",
    "layer": "text: touchpoint whose people are held against the others",
    "layer_step": "text: step with the surest difference between the layers",
    "layer_difference": "points: that difference",
}
QUESTION = Question("funnel", (), _UNITS)
_TIMED = ("in_time_share", *SHARES)


def measure_funnel(base: Base, settings: Settings) -> Result:
    """How many people reach each step, by the best choice of their own events.

    Counts are exact: the most steps that any choice of a person's events reaches within the
    windows (:func:`privdom_kit.journeys.count_funnel`); orders of one day and touchpoint are one.
    Shares stand over step 1 and over the step before, with Wilson intervals. The share in time and
    the times are product-limit estimates, from first reaching a step to first reaching the next,
    in whole hours, people still under way censored at ``as_of``; the horizon is the step's window,
    else the funnel's, else ``horizon_days``.

    The bottleneck is the step that the smallest share takes in time. The verdict is watch where
    the interval of its share lies below those of all other steps, clear where no step stands out,
    not_enough_data where nobody enters or too few do.

    Layers: people met at the touchpoint ``layer`` no later than their step 1, and all others; the
    difference of shares of the step before with Newcombe's interval, p-values by Holm. People
    choose their layer, so a difference is no effect.

    Returns:
        ``table``: step, name, touchpoint, action, customers, entered, of_first and interval,
        previous, of_previous and interval, under_way, horizon_days, in_time_share, half_days and
        slow_days with intervals. ``tables["layers"]``: the two layers by step.

    Raises:
        ConfigError: A step or an exclusion names what no event of the data is.
    """
    used = _used(settings)
    if not base.events.counts:
        reason = msg("No table tells of events of people.")
        return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
    steps = funnel_steps(base, settings)
    coverage = base.events.coverage
    if len(steps) < 2:
        reason = msg("The data hold fewer than two steps of a funnel; settings name none.")
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_MEASURED, reason, used, coverage=coverage
        )
    rules = funnel_rules(base, settings, steps)
    reached = checkpoint(_with_layer(base, settings, reach(countable(base), rules)))
    counts = _counts(reached, len(steps))
    if not counts["t1"].sum():
        reason = msg("Nobody entered the funnel: no one reached its first step.")
        return QUESTION.unanswered(
            base.as_of, Verdict.NOT_ENOUGH_DATA, reason, used, coverage=coverage
        )
    table = _table(base, settings, steps, rules, reached, counts)
    layers = _layers(counts, steps, settings)
    figures = _figures(table, layers, settings)
    return _answer(base, settings, used, table, layers, figures)


def _used(settings: Settings) -> dict[str, Any]:
    names = ("confidence_level", "bootstrap_draws", "bootstrap_seed")
    funnel = settings.journeys.funnel.model_dump(mode="json")
    return used_settings(settings, *(f"journeys.{name}" for name in names)) | {
        f"journeys.funnel.{name}": value for name, value in funnel.items()
    }


def _with_layer(base: Base, settings: Settings, reached: nw.LazyFrame) -> nw.LazyFrame:
    """1 for people met at the layer's touchpoint by their step 1, 0 for others, -1 without."""
    import narwhals as nw

    met = first_met(base, settings.journeys.funnel.layer)
    if met is None:
        return reached.with_columns(layer=nw.lit(-1))
    joined = reached.join(met, on="person", how="left")
    member = ~nw.col("met").is_null() & (nw.col("met") <= nw.col("t1"))
    return joined.with_columns(layer=nw.when(member).then(nw.lit(1)).otherwise(nw.lit(0)))


def _counts(reached: nw.LazyFrame, steps: int) -> pd.DataFrame:
    """People at each step by layer."""
    import narwhals as nw

    counted = reached.group_by("layer").agg(
        *[nw.col(f"t{step}").count() for step in range(1, steps + 1)]
    )
    return collect(counted, limit=3).astype("int64").set_index("layer")


def _table(
    base: Base,
    settings: Settings,
    steps: tuple[Step, ...],
    rules: Rules,
    reached: nw.LazyFrame,
    counts: pd.DataFrame,
) -> pd.DataFrame:
    import pandas as pd

    people = [int(counts[f"t{n}"].sum()) for n in range(1, len(steps) + 1)]
    waits = waiting_times(reached, len(steps), end_of_time(base))
    level, rows = settings.journeys.confidence_level, []
    for number, step in enumerate(steps, start=1):
        here, before = people[number - 1], people[number - 2] if number > 1 else None
        row: dict[str, Any] = {
            "step": number,
            "name": step.name,
            "touchpoint": step.touchpoint or ANY,
            "action": step.action or ANY,
            "customers": here,
            "entered": people[0],
            **rate(here, people[0], "of_first", level),
            "previous": before,
            **rate(here, before, "of_previous", level),
        }
        if number > 1:
            days = _horizon(step, settings)
            wait = waits[waits["step"] == number]
            row |= {"horizon_days": days, **time_figures(wait, days, settings)}
        rows.append(row)
    columns = [c for row in rows[-1:] for c in row]
    table = pd.DataFrame(rows, columns=columns)
    whole = ["previous", "under_way"]
    return table.astype(dict.fromkeys(whole, "Int64"))


def _horizon(step: Step, settings: Settings) -> float:
    rules = settings.journeys.funnel
    return float(step.within_days or rules.window_days or rules.horizon_days)


def _layers(
    counts: pd.DataFrame, steps: tuple[Step, ...], settings: Settings
) -> pd.DataFrame | None:
    """Each step of the people met at the layer's touchpoint beside the others'."""
    import pandas as pd

    if not {0, 1} <= set(counts.index):
        return None
    level, rows = settings.journeys.confidence_level, []
    for number, step in enumerate(steps[1:], start=2):
        x, n = (counts[f"t{place}"] for place in (number, number - 1))
        row: dict[str, Any] = {"step": number, "name": step.name}
        for side, key in (("with", 1), ("without", 0)):
            row |= {f"{side}_previous": int(n[key]), f"{side}_customers": int(x[key])}
            row |= rate(x[key], n[key], f"{side}_share", level)
        enough = min(n[0], n[1]) >= settings.journeys.funnel.min_people
        pair = (int(x[1]), int(n[1]), int(x[0]), int(n[0]))
        row |= interval_figures("difference", difference_interval(*pair, level) if enough else None)
        row["p_value"] = equality_test(*pair).p_value if enough else None
        rows.append(row)
    table = pd.DataFrame(rows)
    table["p_value"] = pd.Series(adjust_p_values(table["p_value"].tolist()), dtype="float64")
    floats = [c for side in ("with_share", "without_share", "difference") for c in bounded(side)]
    return table.astype(dict.fromkeys(floats, "float64"))


def _figures(
    table: pd.DataFrame, layers: pd.DataFrame | None, settings: Settings
) -> dict[str, Any]:
    level, last = settings.journeys.confidence_level, table.iloc[-1]
    figures: dict[str, Any] = {
        "entered": int(table["customers"].iloc[0]),
        "completed": int(last["customers"]),
        **rate(last["customers"], table["customers"].iloc[0], "completed_share", level),
        **_bottleneck(table, settings),
        "layer": settings.journeys.funnel.layer if layers is not None else None,
        **_surest(layers, level),
    }
    return figures


def _bottleneck(table: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """The step that the smallest share takes in time, and whether all others surely take more."""
    known = table[table["in_time_share"].notna()]
    names = ["bottleneck", "bottleneck_step", *bounded("bottleneck_share"), "bottleneck_sure"]
    if settings.journeys.funnel.order == "unordered" or known.empty:
        return dict.fromkeys(names)
    lowest = known.loc[known["in_time_share"].idxmin()]
    others = known[known["step"] != lowest["step"]]
    sure = len(others) > 0 and bool(
        (others["in_time_share_ci_lower"] > lowest["in_time_share_ci_upper"]).all()
    )
    share = [float(lowest[name]) for name in bounded("in_time_share")]
    values = [lowest["name"], int(lowest["step"]), *share, int(sure)]
    return dict(zip(names, values, strict=True))


def _surest(layers: pd.DataFrame | None, level: float) -> dict[str, Any]:
    """The difference between the layers with the smallest p-value, if that is small enough."""
    found: dict[str, Any] = {"layer_step": None, **interval_figures("layer_difference", None)}
    if layers is None or layers["p_value"].isna().all():
        return found
    row = layers.loc[layers["p_value"].idxmin()]
    if row["p_value"] >= 1 - level:
        return found
    ends = zip(bounded("layer_difference"), bounded("difference"), strict=True)
    return {"layer_step": row["name"], **{name: float(row[column]) for name, column in ends}}


def _answer(
    base: Base,
    settings: Settings,
    used: dict[str, Any],
    table: pd.DataFrame,
    layers: pd.DataFrame | None,
    figures: dict[str, Any],
) -> Result:
    least = settings.privacy.min_cell
    shown, cells = _suppress(table, least)
    extra, more = _suppress_layers(layers, least) if layers is not None else (None, 0)
    if figures["completed"] and figures["completed"] < least:
        figures |= dict.fromkeys(("completed", *bounded("completed_share")))
    return QUESTION.answer(
        base.as_of,
        _verdict(table, figures, settings),
        shown,
        used,
        coverage=base.events.coverage,
        figures={name: plain(value) for name, value in figures.items()},
        tables={} if extra is None else {"layers": extra},
        notes=(*_notes(settings, layers), *suppression_note(cells + more, least)),
    )


def _verdict(table: pd.DataFrame, figures: dict[str, Any], settings: Settings) -> Verdict:
    if table["customers"].iloc[0] < settings.journeys.funnel.min_people:
        return Verdict.NOT_ENOUGH_DATA
    return Verdict.WATCH if figures["bottleneck_sure"] else Verdict.CLEAR


def _suppress(table: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    """Small counts, and what is computed from them; a hidden step hides the shares that follow."""
    shares = [c for name in ("of_first", "of_previous", *_TIMED) for c in bounded(name)]
    shown, cells = suppress(table, "customers", shares, least, groups=())
    for count in ("previous", "entered"):
        shown, more = suppress(shown, count, [*shares, "under_way"], least, groups=())
        cells += more
    shown, more = suppress(shown, "under_way", [], least, groups=())
    return shown, cells + more


def _suppress_layers(layers: pd.DataFrame, least: int) -> tuple[pd.DataFrame, int]:
    compared, cells = [*bounded("difference"), "p_value"], 0
    for side in ("with", "without"):
        for count in ("customers", "previous"):
            hide = [*bounded(f"{side}_share"), *compared]
            layers, more = suppress(layers, f"{side}_{count}", hide, least, groups=())
            cells += more
    return layers, cells


def _notes(settings: Settings, layers: pd.DataFrame | None) -> tuple[Message, ...]:
    rules, notes = settings.journeys.funnel, []
    if not rules.steps:
        notes.append(
            msg(
                "Steps are the house rule: the first bond, a click or visit where the data hold "
                "any, an order, a second order. Name your own in settings.journeys.funnel."
            )
        )
    if rules.order == "strict":
        notes.append(msg("Strict: no event of another step lies between; other events may."))
    if rules.order == "unordered":
        notes.append(msg("Unordered: row n counts people who took any n of the steps."))
    notes.append(
        msg(
            "Orders of one day and touchpoint count as one; the data may start after a first order."
        )
    )
    if layers is not None:
        notes.append(
            msg("People choose their layer themselves: a difference between layers is no effect.")
        )
    elif rules.layer is not None:
        notes.append(msg("Nobody was met at the touchpoint that tells the layers apart."))
    return tuple(notes)
