"""The same member benefits everywhere: the register of benefits by channel, and coupons in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import NOTHING_SEEN, Question, add_rate, used_settings
from privdom_kit.engine import collect
from privdom_kit.messages import Message, msg
from privdom_kit.purchases import COUNTED
from privdom_kit.results import Result, Verdict
from privdom_kit.suppression import suppress, suppression_note

if TYPE_CHECKING:
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.form_registers import Benefits
    from privdom_kit.settings import Settings

UNITS = {
    "benefit": "text: benefit of members",
    "channel": "text: channel",
    "value": "text: what the benefit is there",
    "reference_value": "text: what it is on the reference channel",
    "equal": "text: whether the two are the same; blank where one is unknown",
    "cells": "count: benefits of the register",
    "compared": "count: benefits known both there and on the reference channel",
    "equal_cells": "count: of these, the same",
    "unknown_cells": "count: benefits that nobody knows there",
    "parity_share": "percent: benefits that are the same, of those compared",
    "reference": "text: channel that the others are compared with",
    "benefits": "count: benefits of the register",
    "channels": "count: channels of the register",
    "place": "text: where people bought",
    "buyers": "count: people who bought there in the period",
    "coupon_buyers": "count: of these, with a coupon at least once",
    "coupon_share": "percent: buyers with a coupon",
}
QUESTION = Question("benefits", ("S026",), UNITS)
_MOST_PLACES = 1_000


def measure_benefits(base: Base, settings: Settings) -> Result:
    """Parity of member benefits: cells equal to the reference channel / cells compared.

    A cell that nobody knows is neither equal nor different: it is not compared. Words are compared
    without regard to case and blanks. The register is counted as a whole and has no interval.
    Where orders carry coupon codes, buyers who used one are counted by touchpoint (platform where
    there is none) over the last ``coupon_days``.

    Returns:
        ``table``: channel, cells, compared, equal_cells, unknown_cells, parity_share.
        ``tables``: matrix (benefit, channel, value, reference_value, equal), coupon_use (place,
        buyers, coupon_buyers, coupon_share with interval). act: parity below ``parity_least``.
        watch: above it with unknown cells or unequal ones. clear: all known, all equal.
        not_measured: forms.yml states no benefits; coupons are shown all the same.
    """
    used = used_settings(settings, "touchpoints.parity_least", "touchpoints.coupon_days")
    stated = base.forms.benefits
    coupons, notes = _coupon_use(base, settings)
    coverage = base.purchases.coverage if base.purchases is not None and coupons else NOTHING_SEEN
    if not _channels(stated):
        reason = msg("forms.yml states no benefits, so whether channels are equal is not measured.")
        if not coupons:
            return QUESTION.unanswered(base.as_of, Verdict.NOT_MEASURED, reason, used)
        return QUESTION.answer(
            base.as_of,
            Verdict.NOT_MEASURED,
            coupons["coupon_use"],
            used,
            coverage=coverage,
            notes=(reason, *notes),
        )
    matrix = _matrix(stated)
    table = _by_channel(matrix, _reference(stated))
    figures = _figures(table, stated)
    return QUESTION.answer(
        base.as_of,
        _judge(figures, settings),
        table,
        used,
        coverage=coverage,
        figures=figures,
        tables={"matrix": matrix, **coupons},
        notes=notes,
    )


def _channels(stated: Benefits) -> list[str]:
    return list(dict.fromkeys(channel for cells in stated.cells.values() for channel in cells))


def _reference(stated: Benefits) -> str:
    """The stated reference, else the channel of which most is known, the first of several."""
    if stated.reference:
        return stated.reference
    known = {
        channel: sum(cells.get(channel) is not None for cells in stated.cells.values())
        for channel in _channels(stated)
    }
    return max(known, key=lambda channel: known[channel])


def _matrix(stated: Benefits) -> pd.DataFrame:
    import pandas as pd

    reference = _reference(stated)
    rows = []
    for benefit, cells in stated.cells.items():
        known = cells.get(reference)
        for channel in _channels(stated):
            value = cells.get(channel)
            both = _blank(value) or _blank(known)
            rows.append(
                {
                    "benefit": benefit,
                    "channel": channel,
                    "value": _shown(value),
                    "reference_value": _shown(known),
                    "equal": None if both else _plain(value) == _plain(known),
                }
            )
    table = pd.DataFrame(rows)
    return table.astype({"equal": object})


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _plain(value: Any) -> str:
    """A value as it is compared: a number as a number, a word without case and blanks."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{float(value):g}"
    return "".join(str(value).split()).casefold()


def _shown(value: Any) -> str | None:
    if _blank(value):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _by_channel(matrix: pd.DataFrame, reference: str) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for channel, cells in matrix[matrix["channel"] != reference].groupby("channel", sort=False):
        compared, equal = int(cells["equal"].notna().sum()), int(cells["equal"].eq(True).sum())
        rows.append(
            {
                "channel": channel,
                "cells": len(cells),
                "compared": compared,
                "equal_cells": equal,
                "unknown_cells": int(cells["value"].isna().sum()),
                "parity_share": equal / compared if compared else None,
            }
        )
    columns = ["channel", "cells", "compared", "equal_cells", "unknown_cells", "parity_share"]
    return pd.DataFrame(rows, columns=columns).astype({"parity_share": float})


def _figures(table: pd.DataFrame, stated: Benefits) -> dict[str, Any]:
    reference = _reference(stated)
    compared, equal = int(table["compared"].sum()), int(table["equal_cells"].sum())
    missing = sum(_blank(cells.get(reference)) for cells in stated.cells.values())
    return {
        "reference": reference,
        "benefits": len(stated.cells),
        "channels": len(_channels(stated)),
        "compared": compared,
        "equal_cells": equal,
        "unknown_cells": int(table["unknown_cells"].sum()) + missing,
        "parity_share": equal / compared if compared else None,
    }


def _judge(figures: Mapping[str, Any], settings: Settings) -> Verdict:
    parity = figures["parity_share"]
    if parity is None:
        return Verdict.NOT_ENOUGH_DATA
    if parity < settings.touchpoints.parity_least:
        return Verdict.ACT
    complete = parity == 1 and not figures["unknown_cells"]
    return Verdict.CLEAR if complete else Verdict.WATCH


def _coupon_use(
    base: Base, settings: Settings
) -> tuple[dict[str, pd.DataFrame], tuple[Message, ...]]:
    """Buyers with a coupon, by where they bought."""
    import narwhals as nw

    purchases = base.purchases
    if purchases is None or not base.has("orders", "coupon_code"):
        return {}, ()
    orders = base.tables["orders"]
    column = next((c for c in ("touchpoint", "platform") if orders.has(c)), None)
    since = base.as_of_day - settings.touchpoints.coupon_days
    rows = purchases.orders.filter((nw.col("reason") == COUNTED) & (nw.col("paid_on") > since))
    place = nw.col(column).fill_null(-1) if column else nw.lit(-1)
    coupon = nw.when(nw.col("coupon_code").is_null()).then(nw.lit(0)).otherwise(nw.lit(1))
    people = (
        rows.with_columns(place=place, coupon=coupon)
        .group_by("place", "customer")
        .agg(nw.col("coupon").max())
    )
    grouped = people.group_by("place").agg(
        nw.len().alias("buyers"), nw.col("coupon").sum().alias("coupon_buyers")
    )
    found = collect(grouped, limit=_MOST_PLACES)
    if not len(found):
        return {}, ()
    found = orders.decode(found, "place", column or "touchpoint")
    found = found.astype({"buyers": "int64", "coupon_buyers": "int64"})
    found = found.sort_values(["buyers", "place"], ascending=[False, True], ignore_index=True)
    level, least = settings.touchpoints.confidence_level, settings.privacy.min_cell
    table = add_rate(found, "coupon_buyers", "buyers", "coupon_share", level)
    rates = ["coupon_share", "coupon_share_ci_lower", "coupon_share_ci_upper"]
    table, small = suppress(table, "buyers", ["coupon_buyers", *rates], least, groups=())
    table, few = suppress(table, "coupon_buyers", rates, least, groups=())
    return {"coupon_use": table}, suppression_note(small + few, least)
