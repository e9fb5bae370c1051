"""Removals and earnings against links a week: what the grouped contact time says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.estimates import ClusterModel, Interval, mean_model, rate_model
from privdom_kit.formats import day_date

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

DRAWS, SEED = 4000, 20261122
LINKS, CURVE = "links", "links_squared"
#: What is held equal when links are compared. ``history``: activity within the tenure band, for
#: of newly added contacts no earlier activity can be known.
FACTORS = ("history", "entry", "weekday", "month")
PERIOD_FACTORS = ("tenure", "entry", "weekday")


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """How something grows with the links of a week.

    Attributes:
        model: The fitted model.
        curved: Whether a squared term is part of it, because the data ask for one.
        draws: Coefficients of the links, of their square where curved, and the log of a factor on
            the whole level, drawn about the estimate.
        straight: The model without the squared term.
    """

    model: ClusterModel
    curved: bool
    draws: NDArray
    straight: ClusterModel

    @property
    def coefficients(self) -> NDArray:
        """As a row of the draws, at the estimate."""
        names = (LINKS, CURVE) if self.curved else (LINKS,)
        found = [self.model.coefficients[self.model.names.index(n)] for n in names]
        return np.array([*found, 0.0])

    def at(self, links: NDArray, coefficients: NDArray | None = None) -> NDArray:
        """The growth against no link; a row a draw where coefficients are draws."""
        chosen = (self.coefficients if coefficients is None else coefficients)[..., :-1]
        powers = np.stack([np.asarray(links, float) ** (1 + n) for n in range(chosen.shape[-1])])
        return chosen @ powers

    def interval(self, value: Callable[[NDArray], NDArray], level: float) -> Interval:
        """A number computed from the coefficients, with quantiles of its draws as interval."""
        estimate = float(value(self.coefficients[None, :])[0])
        tail = (1 - level) / 2
        low, high = np.quantile(value(self.draws), [tail, 1 - tail])
        return Interval(estimate, float(low), float(high))


def prepare(cells: pd.DataFrame) -> pd.DataFrame:
    """The cells with the mean links of each and the month of its week."""
    months = {week: _month(int(week)) for week in cells["week"].unique()}
    # Squares are of the mean links: only cells at the cap hold more than one number.
    mean_links = cells["link_weeks"] / cells["contact_weeks"]
    known = mean_links.where(cells["contact_weeks"] > 0, cells["links"]).round(9)
    history = cells["tenure"].astype(str) + "/" + cells["active"].astype(str)
    return cells.assign(month=cells["week"].map(months), history=history, mean_links=known)


def informative(cells: pd.DataFrame, factors: Sequence[str] = FACTORS) -> pd.DataFrame:
    """Cells of levels in which somebody was removed: where nobody is, links cannot differ."""
    kept = cells[cells["contact_weeks"] > 0]
    for _ in factors:
        for factor in factors:
            removed = kept.groupby(factor)["removed"].transform("sum")
            kept = kept[removed > 0]
    return kept


def removal_response(cells: pd.DataFrame, level: float) -> Response | None:
    """The removal rate on the log scale, curved where the data rule out a straight line.

    Clusters are calendar weeks: one broadcast reaches everybody in the same week, so weeks are
    what varies independently. None where links do not vary with the rest held equal.
    """
    rows = informative(cells)
    if rows.empty:
        return None
    straight, curved = (
        rate_model(rows["removed"], rows["contact_weeks"], design(rows, curved=c), rows["week"])
        for c in (False, True)
    )
    # How many are removed in all differs between weeks too.
    whole = rate_model(rows["removed"], rows["contact_weeks"], rows[[]], rows["week"])
    return _choose(straight, curved, level, whole)


def margin_response(cells: pd.DataFrame, margin: float, level: float) -> Response | None:
    """Margin per contact-week in currency, curved where the data rule out a straight line."""
    rows = cells[cells["contact_weeks"] > 0]
    earned = rows["cents"] / 100 * margin
    straight, curved = (
        mean_model(earned, rows["contact_weeks"], design(rows, curved=c), rows["week"])
        for c in (False, True)
    )
    return _choose(straight, curved, level)


def design(rows: pd.DataFrame, *, curved: bool = False) -> pd.DataFrame:
    """Columns of the regression on links."""
    columns = {LINKS: rows["mean_links"]}
    if curved:
        columns[CURVE] = rows["mean_links"] ** 2
    return marked(rows, columns, FACTORS)


def marked(
    rows: pd.DataFrame, columns: Mapping[str, pd.Series], factors: Sequence[str]
) -> pd.DataFrame:
    """The columns, then a mark for each level of the factors but the largest."""
    import pandas as pd

    columns = dict(columns)
    for factor in factors:
        sizes = rows.groupby(factor)["contact_weeks"].sum()
        for value in sizes.index.drop(sizes.idxmax()):
            columns[f"{factor}_{value}"] = rows[factor] == value
    return pd.DataFrame(columns).astype("float64")


def baseline_rate(cells: pd.DataFrame, response: Response, coefficients: NDArray) -> NDArray:
    """Weekly removals a contact with no link at all, in the same mix of contacts and weeks."""
    links, removed = _by_links(cells)
    shrunk = np.exp(-response.at(links, coefficients))
    return np.exp(coefficients[:, -1]) * (shrunk @ removed) / float(cells["contact_weeks"].sum())


def removals_from_links(
    cells: pd.DataFrame, response: Response, coefficients: NDArray, free: float = 0.0
) -> NDArray:
    """Removals beyond those expected had nobody got more than ``free`` links a week."""
    links, removed = _by_links(cells[cells["mean_links"] > free])
    allowed = np.full(len(links), free)
    growth = response.at(links, coefficients) - response.at(allowed, coefficients)
    return np.exp(coefficients[:, -1]) * ((1 - np.exp(-growth)) @ removed)


def _by_links(cells: pd.DataFrame) -> tuple[NDArray, NDArray]:
    """Numbers of links at which somebody was removed, and the removals."""
    removed = cells[cells["removed"] > 0].groupby("mean_links")["removed"].sum()
    return removed.index.to_numpy(), removed.to_numpy()


def _choose(
    straight: ClusterModel | None,
    curved: ClusterModel | None,
    level: float,
    whole: ClusterModel | None = None,
) -> Response | None:
    if straight is None or LINKS not in straight.names:
        return None
    bent = False
    if curved is not None and {LINKS, CURVE} <= set(curved.names):
        curve = curved.coefficient(CURVE, level)
        bent = curve.lower > 0 or curve.upper < 0
    model = curved if bent and curved is not None else straight
    names = (LINKS, CURVE) if bent else (LINKS,)
    factor = np.zeros((DRAWS, 1))
    if whole is not None:
        factor = whole.draws(("constant",), DRAWS, SEED + 1) - whole.coefficients
    draws = np.column_stack([model.draws(names, DRAWS, SEED), factor])
    return Response(model, bent, draws, straight)


def _month(week: int) -> str:
    """The month in which most of a week lies: that of its Thursday."""
    return day_date(7 * week).isoformat()[:7]
