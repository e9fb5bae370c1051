"""What a link earns against what it loses, and from which number on the next one loses money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from privdom_kit.answers import interval_figures
from privdom_kit.estimates import Interval
from privdom_kit.messages import Message, msg
from privdom_kit.relations.dose_models import (
    Response,
    baseline_rate,
    informative,
    margin_response,
    removals_from_links,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings

WEEKS_PER_YEAR = 365.25 / 7


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """The balance of links.

    Attributes:
        figures: Value of a contact, what a link earns and loses, the break-even with interval.
        table: ``links, link_earns, link_loses``: of the link that brings a week to that number.
        note: Why there is no break-even, or what it rests on.
    """

    figures: dict[str, float | str | None]
    table: pd.DataFrame | None
    note: Message


NOTHING = (
    *("contact_value", "link_earns", "link_earns_ci_lower", "link_earns_ci_upper", "link_loses"),
    *("link_loses_ci_lower", "link_loses_ci_upper", "break_even_links"),
    *("break_even_links_ci_lower", "break_even_links_ci_upper", "beyond_break_even_share"),
    *("money_at_stake", "break_even_open", "contact_value_basis", "removals_beyond_a_year"),
    "earned_beyond_a_year",
)


def weigh_links(
    base: Base, cells: pd.DataFrame, response: Response | None, rules: TouchpointsSettings
) -> Balance:
    """The balance, as far as economics and orders carry it.

    A link's loss: the removals that it brings, each at the value of a contact; its gain: the
    margin of the contact-week that grows with links, other things equal. A contact's value is
    ``economics.customer_value``, else one year's margin of a standing contact.
    """
    figures: dict[str, float | str | None] = dict.fromkeys(NOTHING)
    value, basis = contact_value(base, cells)
    figures |= {"contact_value": value, "contact_value_basis": basis}
    if response is None or value is None:
        return Balance(figures, None, _reason(base, value))
    level, margin = rules.confidence_level, base.economics.gross_margin
    lost = response.interval(lambda c: removals_from_links(cells, response, c), level)
    links = float(cells["links_sent"].sum())
    figures |= interval_figures("link_loses", scaled(lost, value / links))
    if margin is None or base.purchases is None:
        return Balance(figures, None, _reason(base, None))
    earning = margin_response(cells, margin, level)
    if earning is None:
        return Balance(figures, None, msg("The orders do not show what a link earns."))
    # Margin a contact-week by the links of the last 7 days: a link works for one week.
    gain = _mean_gain(cells, earning, level)
    figures |= interval_figures("link_earns", gain)
    if gain.upper < 0:
        # No link keeps anybody from buying: who gets links differs in what is not held equal.
        return Balance(
            figures,
            None,
            msg(
                "Contacts buy less under links than without, for certain: people differ in what "
                "is not held equal, so what a link earns is not known and no limit is given."
            ),
        )
    return _balance(cells, response, earning, value, rules, figures)


def contact_value(base: Base, cells: pd.DataFrame) -> tuple[float | None, str | None]:
    """What a kept contact is worth in currency, and where that comes from: stated or orders."""
    stated = base.economics.customer_value
    if stated is not None:
        return stated, "stated"
    margin, weeks = base.economics.gross_margin, float(cells["contact_weeks"].sum())
    if margin is None or base.purchases is None or not weeks:
        return None, None
    return float(cells["cents"].sum()) / 100 * margin / weeks * WEEKS_PER_YEAR, "orders"


def most_seen(cells: pd.DataFrame, rules: TouchpointsSettings) -> int:
    """The largest number of links a week that was seen often enough, without a gap below it.

    Only where and when somebody was removed: elsewhere no number of links can show a difference.
    """
    weeks = informative(cells).groupby("links")["contact_weeks"].sum()
    seen = 0
    while weeks.get(seen + 1, 0.0) >= rules.push_min_contact_weeks:
        seen += 1
    return seen


def weeks_watched(cells: pd.DataFrame) -> float:
    """Length of the window, by the days on which anybody was watched."""
    return len(cells[["week", "weekday"]].drop_duplicates()) / 7


def _balance(
    cells: pd.DataFrame,
    response: Response,
    earning: Response,
    value: float,
    rules: TouchpointsSettings,
    figures: dict[str, float | str | None],
) -> Balance:
    import pandas as pd

    seen = most_seen(cells, rules)
    numbers = np.arange(1, seen + 1)
    at = (response.coefficients[None, :], earning.coefficients[None, :])
    gains, losses = _marginal(cells, response, earning, value, numbers, at)
    table = pd.DataFrame({"links": numbers, "link_earns_next": gains[0]})
    table["link_loses_next"] = losses[0]
    drawn = _marginal(cells, response, earning, value, numbers, (response.draws, earning.draws))
    point, stops = _last_paying(gains - losses)[0], _last_paying(drawn[0] - drawn[1])
    tail = (1 - rules.confidence_level) / 2
    low, high = np.quantile(stops, [tail, 1 - tail], method="inverted_cdf")
    open_end = high >= seen
    figures |= {
        "break_even_links": int(point) if point < seen else None,
        "break_even_links_ci_lower": int(low) if low < seen else None,
        "break_even_links_ci_upper": None if open_end else int(high),
        "break_even_open": int(open_end),
    }
    if point < seen:
        figures |= _beyond(cells, response, value, int(point), settled=not open_end)
        figures["earned_beyond_a_year"] = _earned(cells, earning, int(point))
    return Balance(figures, table, _ground(response, earning))


def _marginal(
    cells: pd.DataFrame,
    response: Response,
    earning: Response,
    value: float,
    numbers: NDArray,
    coefficients: tuple[NDArray, NDArray],
) -> tuple[NDArray, NDArray]:
    """Gain and loss of the link that brings a week to each number, a row a draw."""
    loss_at, gain_at = coefficients
    start = baseline_rate(cells, response, loss_at)[:, None]
    above, below = (np.exp(response.at(n, loss_at)) for n in (numbers, numbers - 1))
    gains = earning.at(numbers, gain_at) - earning.at(numbers - 1, gain_at)
    return gains, start * (above - below) * value


def _last_paying(net: NDArray) -> NDArray:
    """The number of links before the first that loses money; all of them where none does."""
    losing = net < 0
    return np.where(losing.any(axis=1), losing.argmax(axis=1), net.shape[1])


def _beyond(
    cells: pd.DataFrame, response: Response, value: float, limit: int, *, settled: bool
) -> dict[str, float | str | None]:
    """Contact-weeks beyond the limit, and what their further links cost in a year."""
    time = cells["contact_weeks"]
    over = float(time[cells["links"] > limit].sum()) / float(time.sum())
    extra = removals_from_links(cells, response, response.coefficients[None, :], limit)
    yearly = float(extra[0]) / weeks_watched(cells) * WEEKS_PER_YEAR
    return {
        "beyond_break_even_share": over,
        "removals_beyond_a_year": yearly,
        "money_at_stake": yearly * value if settled and yearly > 0 else None,
    }


def _earned(cells: pd.DataFrame, earning: Response, limit: int) -> float:
    """Margin a year that goes with the links beyond the limit."""
    weeks = cells[cells["mean_links"] > limit].groupby("mean_links")["contact_weeks"].sum()
    growth = earning.at(weeks.index.to_numpy()) - earning.at(np.full(len(weeks), float(limit)))
    return float(growth @ weeks.to_numpy()) / weeks_watched(cells) * WEEKS_PER_YEAR


def _mean_gain(cells: pd.DataFrame, earning: Response, level: float) -> Interval:
    """Mean gain of the links that were there, per link and week."""
    weeks = cells[cells["mean_links"] > 0].groupby("mean_links")["contact_weeks"].sum()
    links, time = weeks.index.to_numpy(), weeks.to_numpy()
    carried = float((links * time).sum())
    return earning.interval(lambda c: earning.at(links, c) @ time / carried, level)


def scaled(interval: Interval, factor: float) -> Interval:
    """The interval in another unit."""
    return Interval(interval.estimate * factor, interval.lower * factor, interval.upper * factor)


def _reason(base: Base, value: float | None) -> Message:
    if value is None and base.economics.gross_margin is None:
        return msg(
            "client.yml gives no economics.gross_margin, so what a link earns cannot be set "
            "against what it loses."
        )
    if base.purchases is None:
        return msg("Without orders, what a link earns is not known.")
    return msg("How removals answer to links is not known, so nothing is set against earnings.")


def _ground(response: Response, earning: Response) -> Message:
    if response.curved or earning.curved:
        return msg(
            "The number from which on a further link loses money rests on the curves that the data "
            "ask for."
        )
    return msg(
        "The data show no bend: each further link multiplies removals by the same factor and earns "
        "the same. The number from which on a further link loses money rests on that shape."
    )
