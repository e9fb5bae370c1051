"""What customers are expected to bring, and whether the model may rank them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint
from privdom_kit.errors import NotMeasurable
from privdom_kit.layering.judging import answer, used_settings
from privdom_kit.layering.repeat_buying import fit_repeat_buying
from privdom_kit.layering.spend import fit_spend
from privdom_kit.layering.value_discount import Discounting
from privdom_kit.layering.worth_channels import channel_worth, contact_worth
from privdom_kit.layering.worth_holdout import Holdout, hold_out
from privdom_kit.layering.worth_inputs import HISTORY, SPEND, distinct, with_histories
from privdom_kit.layering.worth_model import WorthModel
from privdom_kit.layering.worth_notes import holdout_note, too_little, value_notes
from privdom_kit.layering.worth_tables import parameter_table, with_tenths, worth_tables
from privdom_kit.messages import Message, msg
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.settings import LayeringSettings, Settings

_RULES = (
    *("value_model", "value_horizon_days", "value_discount_rule"),
    *("value_holdout_days", "value_holdout_tolerance"),
    *("value_min_days", "value_min_buyers", "value_min_third_orders", "value_max_silent_days"),
    *("value_max_correlation", "channel_column", "min_customers", "confidence_level"),
)
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True, eq=False)
class CustomerValue(Result):
    """The answer, and the ranked buyers, which stay in the engine.

    Attributes:
        people: ``customer, expected_orders, expected_value, tenth`` (1 the highest) of each buyer;
            None where nobody is ranked.
    """

    people: Any = None


def measure_customer_value(base: CustomerBase, settings: Settings) -> CustomerValue:
    """Expected orders and discounted value of each buyer over a horizon, by group, with intervals.

    Repeat buying is MBG/NBD (Batislam, Denizel & Filiztekin 2007) or BG/NBD (Fader, Hardie & Lee
    2005), spend Gamma-Gamma (Fader & Hardie, note 025), fitted on distinct histories. Value is
    margin where ``economics.gross_margin`` is given, else net spend; it is discounted at
    ``economics.discount_rate``, not at all where that is not given.

    The verdict says whether the number may be relied on: ``clear`` where the model foresaw the
    days held back better than the plain mean for sure and its total is within
    ``value_holdout_tolerance``; ``watch`` where it was better, but one of these is open;
    ``not_enough_data`` where it was worse (nobody is ranked then) or the data are below the
    ``value_min_*`` settings.

    Returns:
        ``table``: tenth (1 the highest value), customers, buyers, net_spend so far,
        expected_orders, expected_value, expected_value_per_customer with intervals.
        ``tables``: ``repeat_orders`` (with the chance to be alive), ``states``, ``by_channel``
        (expected), ``holdout``, ``parameters``, ``channel_worth`` and ``contact_worth`` (seen).
        ``figures``: totals with intervals, horizon, rate, margin, errors of the holdout.
    """
    used = used_settings(settings, *_RULES)
    reason = base.missing_people() or base.missing_buyers()
    if reason is not None:
        return _unranked(base, settings, used, Verdict.NOT_MEASURED, reason)
    reason = too_little(base, settings.layering)
    if reason is not None:
        return _unranked(base, settings, used, Verdict.NOT_ENOUGH_DATA, reason)
    try:
        holdout = hold_out(base, settings)
    except NotMeasurable:
        reason = msg(
            "The orders before the last {days:days} do not determine the model of repeat buying: "
            "customers are too few, or too alike in how often they order and stop. It cannot be "
            "tested, so nobody is valued.",
            days=settings.layering.value_holdout_days,
        )
        return _unranked(base, settings, used, Verdict.NOT_ENOUGH_DATA, reason)
    if holdout.is_worse:
        verdict, reason = Verdict.NOT_ENOUGH_DATA, holdout_note(holdout)
        return _unranked(base, settings, used, verdict, reason, holdout)
    return _ranked(base, settings, used, holdout)


def _unranked(
    base: CustomerBase,
    settings: Settings,
    used: dict[str, Any],
    verdict: Verdict,
    reason: Message,
    holdout: Holdout | None = None,
) -> CustomerValue:
    """Nobody is ranked; what was seen so far is shown nevertheless."""
    import pandas as pd

    tables, cells = _seen(base, settings) if base.missing_buyers() is None else ({}, 0)
    if holdout is not None:
        tables = {"holdout": holdout.table, **tables}
        cells += holdout.hidden
    result = answer(
        base,
        "customer_value",
        _methods(tables),
        verdict,
        pd.DataFrame(),
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=holdout.figures if holdout else {},
        tables=tables,
        notes=(reason, *suppression_note(cells, settings.privacy.min_cell)),
    )
    return _carrying(result, None)


def _ranked(
    base: CustomerBase, settings: Settings, used: dict[str, Any], holdout: Holdout
) -> CustomerValue:
    chosen = settings.layering
    rows = checkpoint(with_histories(base))
    histories, spends = distinct(rows, HISTORY), distinct(rows, SPEND)
    try:
        model = _fit(histories, spends, base, chosen)
        valued = with_tenths(model.value(rows, histories, spends), base)
    except NotMeasurable:
        reason = msg(
            "The orders and amounts of {buyers:count} buyers do not determine the models of "
            "repeat buying and spend: customers are too few, or too alike. Nobody is valued.",
            buyers=base.figures["buyers"],
        )
        return _unranked(base, settings, used, Verdict.NOT_ENOUGH_DATA, reason, holdout)
    table, tables, totals, cells = worth_tables(model, valued, base, settings)
    seen, more = _seen(base, settings)
    tables |= {
        "holdout": holdout.table,
        "parameters": parameter_table(model, chosen.confidence_level),
        **seen,
    }
    figures = totals | _terms(model, base) | holdout.figures
    notes = value_notes(model, valued, spends, base, settings)
    hidden = suppression_note(cells + more + holdout.hidden, settings.privacy.min_cell)
    result = answer(
        base,
        "customer_value",
        _methods(tables),
        _judge(holdout, chosen),
        table,
        used,
        coverage=base.purchases.coverage if base.purchases else None,
        figures=figures,
        tables=tables,
        notes=(*notes, *hidden),
    )
    return _carrying(
        result, valued.select("customer", "expected_orders", "expected_value", "tenth")
    )


def _fit(
    histories: pd.DataFrame, spends: pd.DataFrame, base: CustomerBase, settings: LayeringSettings
) -> WorthModel:
    """Both models on the distinct rows.

    Raises:
        NotMeasurable: The data do not determine a model, or nobody paid for a repeat order.
    """
    paid = spends[spends["paid_orders"] > 0]
    if paid.empty:
        raise NotMeasurable("nobody paid for a repeat order", "expected repeat orders with amounts")
    counts = histories["customers"]
    orders, age_at_last, age = (histories[name] for name in HISTORY)
    return WorthModel(
        fit_repeat_buying(orders, age_at_last, age, counts, settings.value_model),
        fit_spend(paid["paid_orders"], paid["mean_cents"] / 100, paid["customers"]),
        Discounting(_rate(base) or 0.0, _DAYS_PER_YEAR, settings.value_discount_rule),
        settings.value_horizon_days,
        1.0 if base.gross_margin is None else base.gross_margin,
    )


def _rate(base: CustomerBase) -> float | None:
    return getattr(base.economics, "discount_rate", None)


def _terms(model: WorthModel, base: CustomerBase) -> dict[str, Any]:
    """What the value rests on, to be stated with it."""
    return {
        "value_horizon_days": model.horizon_days,
        "discount_rate": _rate(base),
        "gross_margin": base.gross_margin,
    }


def _judge(holdout: Holdout, settings: LayeringSettings) -> Verdict:
    near = abs(holdout.deviation) <= settings.value_holdout_tolerance
    return Verdict.CLEAR if holdout.is_better and near else Verdict.WATCH


def _seen(base: CustomerBase, settings: Settings) -> tuple[dict[str, pd.DataFrame], int]:
    channels, cells = channel_worth(base, settings)
    tables = {"channel_worth": channels} if len(channels) else {}
    if not base.has("contacts"):
        return tables, cells
    contacts, more = contact_worth(base, settings)
    return tables | ({"contact_worth": contacts} if len(contacts) else {}), cells + more


def _methods(tables: dict[str, Any]) -> tuple[str, ...]:
    """Only what was really computed."""
    known = (("contact_worth", "S007"), ("channel_worth", "S096"))
    return tuple(method for name, method in known if name in tables)


def _carrying(result: Result, people: Any) -> CustomerValue:
    values = {field.name: getattr(result, field.name) for field in fields(result)}
    return CustomerValue(**values, people=people)
