"""How many messages people get in a week, over all channels, and how varied they are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from privdom_kit.answers import rate
from privdom_kit.deliveries import held_back
from privdom_kit.engine import checkpoint, collect
from privdom_kit.relations.person_weeks import WEEK

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd

    from privdom_kit.base import Base
    from privdom_kit.settings import TouchpointsSettings

MOST_MESSAGES = 10  # numbers from here on share a row
_MOST_PEOPLE_WEEKS = 1_000
_PLACES = {"wecom": "wecom_chat"}
LOAD_FIGURES = (
    *(
        "reached_people",
        "people_over_cap",
        "people_over_cap_share",
        "people_over_cap_share_ci_lower",
    ),
    *(
        "people_over_cap_share_ci_upper",
        "people_weeks",
        "people_weeks_over_cap",
        "people_weeks_over_cap_share",
    ),
    *("messages_per_people_week", "benign_met", "benign_known"),
)


def measure_load(
    base: Base, rules: TouchpointsSettings
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Messages by person and calendar week (Monday to Sunday), and who is above the cap.

    ``people_over_cap_share``: people with more messages than the cap in any 7 days, out of people
    reached. ``people_weeks_over_cap_share``: people-weeks above it, out of those with a message.

    Returns:
        Figures, and a table ``messages`` (a week), ``people_weeks``, ``people_weeks_share``; None
        where no message is known.
    """
    import narwhals as nw

    figures: dict[str, Any] = dict.fromkeys(LOAD_FIGURES)
    sent = _messages(base, rules)
    if sent is None:
        return figures, None
    weekly = sent.with_columns(week=(nw.col("day") + 3) // 7)
    weekly = weekly.group_by("customer", "week").agg(nw.len().alias("n"))
    weeks = collect(
        weekly.group_by("n").agg(nw.len().alias("people_weeks")), limit=_MOST_PEOPLE_WEEKS
    ).astype("int64")
    if weeks.empty:
        return figures, None
    people = collect(
        _heaviest(sent)
        .with_columns(
            over=nw.when(nw.col("most") > rules.contact_cap).then(nw.lit(1)).otherwise(nw.lit(0))
        )
        .select(nw.len().alias("people"), nw.col("over").sum()),
        limit=1,
    ).iloc[0]
    reached, over = int(people["people"]), int(people["over"])
    total = int(weeks["people_weeks"].sum())
    above = int(weeks.loc[weeks["n"] > rules.contact_cap, "people_weeks"].sum())
    figures |= {"reached_people": reached, "people_over_cap": over, "people_weeks": total}
    figures |= rate(over, reached, "people_over_cap_share", rules.confidence_level)
    figures |= {"people_weeks_over_cap": above, "people_weeks_over_cap_share": above / total}
    figures["messages_per_people_week"] = float((weeks["n"] * weeks["people_weeks"]).sum() / total)
    return figures, _by_number(weeks, total)


def _by_number(weeks: pd.DataFrame, total: int) -> pd.DataFrame:
    number = weeks["n"].clip(upper=MOST_MESSAGES)
    table = weeks.groupby(number)["people_weeks"].sum().rename_axis("messages").reset_index()
    return table.assign(people_weeks_share=table["people_weeks"] / total)


def _messages(base: Base, rules: TouchpointsSettings) -> nw.LazyFrame | None:
    """``customer, time, day`` of messages from the brand in the window.

    Deliveries on a channel whose messages stand in touches already are not counted again.
    """
    import narwhals as nw

    since = base.as_of_day - rules.push_lookback_days
    parts, seen = [], set[str]()
    if "touches" in base.tables:
        touches = base.tables["touches"]
        brand = touches.frame.filter(
            (nw.col("direction") == touches.code("direction", "brand"))
            & ~nw.col("customer").is_null()
        )
        names = touches.dictionaries.get("touchpoint", ())
        codes = collect(brand.group_by("touchpoint").agg(nw.len()), limit=len(names) + 1)
        seen = {names[int(code)] for code in codes["touchpoint"].dropna()}
        parts.append(
            brand.select("customer", time=nw.col("occurred_at"), day=nw.col("occurred_on"))
        )
    if "deliveries" in base.tables:
        parts.append(_delivered(base, seen))
    if not parts:
        return None
    typed = [p.select(nw.col(c).cast(nw.Int64) for c in ("customer", "time", "day")) for p in parts]
    return checkpoint(nw.concat(typed).filter(nw.col("day") > since))


def _delivered(base: Base, seen: set[str]) -> nw.LazyFrame:
    import narwhals as nw

    deliveries = base.tables["deliveries"]
    names = deliveries.dictionaries.get("channel", ())
    fresh = [code for code, name in enumerate(names) if _PLACES.get(name, name) not in seen]
    kept = nw.col("channel").is_in(fresh or [-1]) & ~nw.col("customer").is_null()
    kept = kept & ~held_back(deliveries, base.control_arms)
    return deliveries.frame.filter(kept).select(
        "customer", time=nw.col("sent_at"), day=nw.col("sent_on")
    )


def _heaviest(sent: nw.LazyFrame) -> nw.LazyFrame:
    """``customer, most``: the most messages of a person in any 7 days."""
    import narwhals as nw

    rows = nw.concat(
        [
            sent.select("customer", "time", change=nw.lit(1)),
            sent.select("customer", time=nw.col("time") + WEEK, change=nw.lit(-1)),
        ]
    )
    moments = rows.group_by("customer", "time").agg(nw.col("change").sum().cast(nw.Int64))
    running = moments.with_columns(
        standing=nw.col("change").cum_sum().over("customer", order_by="time")
    )
    return running.group_by("customer").agg(nw.col("standing").max().alias("most"))


def judge_benign(
    base: Base, rules: TouchpointsSettings, messages: float | None
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Three tests of benign marketing: spread of contents, messages a week, number of types.

    Spread is the entropy of the purposes of messages as a share of its maximum.

    Returns:
        ``benign_met`` of ``benign_known``, and ``test, value, line, met`` by test.
    """
    import pandas as pd

    shares = _purposes(base, rules.push_lookback_days)
    spread = types = None
    if shares:
        entropy = -sum(s * math.log(s) for s in shares if s > 0)
        spread = entropy / math.log(4)
        types = sum(s >= rules.benign_type_share for s in shares)
    tests = (
        ("spread", spread, rules.benign_spread, 1),
        ("messages_a_week", messages, rules.contact_cap, -1),
        ("types", types, rules.benign_types, 1),
    )
    table = pd.DataFrame(
        [(name, value, line, _met(value, line, sign)) for name, value, line, sign in tests],
        columns=["test", "value", "line", "met"],
    ).astype({"value": "float64", "met": "Int64"})
    known = table["met"].dropna()
    if known.empty:
        return {}, None
    return {"benign_met": int(known.sum()), "benign_known": len(known)}, table


def _met(value: float | None, line: float, sign: int) -> int | None:
    return None if value is None else int(sign * value >= sign * line)


def _purposes(base: Base, days: int) -> list[float]:
    """Shares of the purposes among messages from the brand; none where no purpose is given."""
    import narwhals as nw

    if not base.has("touches", "purpose"):
        return []
    rows = base.tables["touches"].frame.filter(
        (nw.col("direction") == base.tables["touches"].code("direction", "brand"))
        & ~nw.col("purpose").is_null()
        & (nw.col("occurred_on") > base.as_of_day - days)
    )
    counts = collect(rows.group_by("purpose").agg(nw.len().alias("n")), limit=100)
    return [float(n) / float(counts["n"].sum()) for n in counts["n"]]
