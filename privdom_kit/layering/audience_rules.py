"""Who belongs to which audience, and who may not be addressed at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from privdom_kit.engine import checkpoint, collect
from privdom_kit.formats import is_missing
from privdom_kit.layering.measure_five_states import no_states
from privdom_kit.layering.next_orders import DUE, SOURCES, with_due
from privdom_kit.layering.states import ABOUT_TO_LAPSE, HIGH_VALUE, with_states
from privdom_kit.messages import Message, msg

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.layering.customers import CustomerBase
    from privdom_kit.layering.measure_worth import CustomerValue
    from privdom_kit.settings import LayeringSettings

AUDIENCES = ("due", "going_silent", "high_value_no_contact", "super_users", "lookalike_seed")
METHODS = {
    "due": "S191",
    "high_value_no_contact": "S010",
    "super_users": "S196",
    "lookalike_seed": "S019",
}
# Why somebody is in an audience: columns of its file, and the values of those that are codes.
REASONS: Mapping[str, tuple[str, ...]] = {
    "due": ("days_since_last_order", "gap_days", "gap_source", "days_past_due"),
    "going_silent": ("days_since_last_activity", "days_since_last_order", "window_spend"),
    "high_value_no_contact": ("window_spend", "days_since_last_order"),
    "super_users": ("net_spend", "invited_buyers"),
    "lookalike_seed": ("expected_value", "expected_orders", "days_since_last_order"),
}
CODES = {"gap_source": SOURCES}
NOT_SUPPRESSED, OPTED_OUT, REMOVED = range(3)


def unmeasured(
    base: CustomerBase, settings: LayeringSettings, value: CustomerValue
) -> dict[str, Message]:
    """The audiences that these data cannot give, with the reason."""
    found: dict[str, Message | None] = {}
    stateless = no_states(base, settings)
    buyerless = base.missing_buyers()
    found["due"] = buyerless
    found["going_silent"] = found["high_value_no_contact"] = stateless[1] if stateless else None
    if not base.has("contacts"):
        found["high_value_no_contact"] = msg("No contacts were given.")
    found["super_users"] = buyerless
    if "referrals" not in base.tables:
        found["super_users"] = msg("No referrals were given.")
    if value.people is None:
        found["lookalike_seed"] = value.notes[0]
    return {name: found[name] for name in AUDIENCES if found.get(name) is not None}  # type: ignore[misc]


def members(
    base: CustomerBase,
    settings: LayeringSettings,
    value: CustomerValue,
    absent: Mapping[str, Message],
) -> nw.LazyFrame:
    """Everyone with a flag an audience, whether they are suppressed, and the reason columns.

    Returns:
        ``customer``, 1 or 0 under each name of :data:`AUDIENCES`, ``suppressed`` (0, 1 opted out
        or complained, 2 removed the brand) and the columns of :data:`REASONS`.
    """
    import narwhals as nw

    rows = with_states(base, settings) if not _stateless(absent) else base.people
    rows = _with_details(rows, base, settings, value, absent)
    flags = {
        "due": nw.col("due_status") == DUE,
        "going_silent": nw.col("state") == ABOUT_TO_LAPSE,
        "high_value_no_contact": (nw.col("state") == HIGH_VALUE) & ~live_contact(),
        **_tops(rows, settings),
    }
    one, none = nw.lit(1), nw.lit(0)
    chosen = {
        name: none
        if name in absent
        else nw.when(flags[name].fill_null(False)).then(one).otherwise(none)
        for name in AUDIENCES
    }
    reasons = sorted({column for columns in REASONS.values() for column in columns})
    rows = rows.with_columns(**chosen).join(_suppressed(base), on="customer", how="left")
    rows = rows.with_columns(nw.col("suppressed").fill_null(NOT_SUPPRESSED))
    return checkpoint(
        rows.select("customer", *AUDIENCES, "suppressed", "state", *reasons, "contact")
    )


def live_contact() -> nw.Expr:
    """Whether a relation stands; where removals were not recorded, every relation does."""
    import narwhals as nw

    return (nw.col("is_contact") == 1) & (nw.col("is_kept").fill_null(1) == 1)


def _stateless(absent: Mapping[str, Message]) -> bool:
    return "going_silent" in absent


def _with_details(
    rows: nw.LazyFrame,
    base: CustomerBase,
    settings: LayeringSettings,
    value: CustomerValue,
    absent: Mapping[str, Message],
) -> nw.LazyFrame:
    """With the columns that the rules and the files need; null where they are not measured."""
    import narwhals as nw

    joined: dict[str, nw.LazyFrame] = {}
    if "due" not in absent:
        due = ("due_status", "gap_days", "gap_source", "days_past_due")
        joined["due_status"] = with_due(base, settings).select("customer", *due)
    if "super_users" not in absent:
        joined["invited_buyers"] = _invited_buyers(base)
    if value.people is not None:
        joined["expected_value"] = value.people.select(
            "customer", "expected_value", "expected_orders"
        )
    for frame in joined.values():
        rows = rows.join(frame, on="customer", how="left")
    wanted = ("state", "due_status", *(c for columns in REASONS.values() for c in columns))
    rows = rows.with_columns(
        days_since_last_order=base.as_of_day - nw.col("last_day"),
        days_since_last_activity=base.as_of_day - nw.col("activity_day"),
        net_spend=nw.col("net_cents").cast(nw.Float64) / 100,
        window_spend=nw.col("window_cents").cast(nw.Float64) / 100,
        contact=nw.when(live_contact()).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    given = set(rows.collect_schema().names())
    nulls = {c: nw.lit(None, dtype=nw.Float64) for c in wanted if c not in given}
    return rows.with_columns(**nulls) if nulls else rows


def _tops(rows: nw.LazyFrame, settings: LayeringSettings) -> dict[str, nw.Expr]:
    """Super users and the seed, each above its cuts."""
    import narwhals as nw

    share = settings.super_user_share
    spend, invited = (_cut(rows, name, share) for name in ("net_spend", "invited_buyers"))
    value = _cut(rows, "expected_value", settings.seed_share)
    return {
        "super_users": (nw.col("net_spend") >= spend) & (nw.col("invited_buyers") >= invited),
        "lookalike_seed": nw.col("expected_value") >= value,
    }


def _cut(rows: nw.LazyFrame, column: str, share: float) -> float:
    """Least value of the top ``share`` of people above 0; infinite where nobody is in.

    Equals stay together: the top never holds more than it says.
    """
    import narwhals as nw

    counts = rows.filter(nw.col(column) > 0).group_by(column).agg(nw.len().alias("people"))
    total = collect(counts.select(nw.col("people").sum()), limit=1)["people"].iloc[0]
    if is_missing(total) or not total:
        return float("inf")
    ranked = counts.with_columns(_order=-nw.col(column))
    at_least = nw.col("people").cum_sum().over(order_by="_order")
    inside = ranked.with_columns(at_least=at_least).filter(
        nw.col("at_least") <= share * float(total) + 1e-6
    )
    cut = collect(inside.select(nw.col(column).min().alias("cut")), limit=1)["cut"].iloc[0]
    return float("inf") if is_missing(cut) else float(cut)


def _invited_buyers(base: CustomerBase) -> nw.LazyFrame:
    """People whom each invited and who bought then or later: ``customer, invited_buyers``."""
    import narwhals as nw

    invited = base.tables["referrals"].frame.filter(
        ~nw.col("referrer").is_null(),
        ~nw.col("customer").is_null(),
        nw.col("referrer") != nw.col("customer"),
    )
    firsts = invited.group_by("referrer", "customer").agg(nw.col("invited_on").min())
    bought = base.people.filter(~nw.col("last_day").is_null()).select("customer", "last_day")
    led = firsts.join(bought, on="customer").filter(nw.col("last_day") >= nw.col("invited_on"))
    counts = led.group_by("referrer").agg(nw.len().alias("invited_buyers"))
    return counts.select(nw.col("referrer").alias("customer"), nw.col("invited_buyers"))


def _suppressed(base: CustomerBase) -> nw.LazyFrame:
    """People who are not to be addressed: ``customer, suppressed``; an opt-out comes first."""
    import narwhals as nw

    frames = [*_opted_out(base), *_removed(base)]
    if not frames:
        nobody = base.people.filter(nw.col("customer").is_null())
        return nobody.select("customer", suppressed=nw.lit(NOT_SUPPRESSED))
    return nw.concat(frames).group_by("customer").agg(nw.col("suppressed").min())


def _opted_out(base: CustomerBase) -> list[nw.LazyFrame]:
    import narwhals as nw

    columns = [c for c in ("opted_out_at", "complained_at") if base.has("deliveries", c)]
    frames = []
    for column in columns:
        rows = base.tables["deliveries"].frame.filter(
            ~nw.col("customer").is_null(), ~nw.col(column).is_null()
        )
        frames.append(rows.select("customer", suppressed=nw.lit(OPTED_OUT)))
    return frames


def _removed(base: CustomerBase) -> list[nw.LazyFrame]:
    """Former contacts whom nobody but a transfer or the staff is known to have removed: not these.

    Who removed the brand wants no more of it. Where ``removed_by`` was not given, everybody
    without a standing relation is taken to have done so.
    """
    import narwhals as nw

    if not base.has("contacts", "removed_at"):
        return []
    former = base.people.filter(nw.col("is_contact") == 1, nw.col("is_kept") == 0)
    if base.has("contacts", "removed_by"):
        contacts = base.tables["contacts"]
        own = contacts.frame.filter(
            nw.col("removed_by") == contacts.code("removed_by", "customer")
        ).select("customer")
        former = former.join(own, on="customer", how="semi")
    return [former.select("customer", suppressed=nw.lit(REMOVED))]


def rules(settings: LayeringSettings) -> dict[str, Message]:
    """The rule of each audience in words."""
    return {
        "due": msg(
            "Due: the next order is expected within {days:days} before or after the last day.",
            days=settings.due_window_days,
        ),
        "going_silent": msg(
            "Going silent: in the state about to lapse, with the last activity (where there was "
            "none, the day they became known) {least:number} to {most:number} order cycles back.",
            least=settings.retained_cycles,
            most=settings.lapsed_cycles,
        ),
        "high_value_no_contact": msg(
            "High value, no WeCom contact: in the state high value, and no contact relation stands."
        ),
        "super_users": msg(
            "Super users: in the top {share:percent} of buyers by net spend and in the top "
            "{share:percent} of referrers by people invited who then bought.",
            share=settings.super_user_share,
        ),
        "lookalike_seed": msg(
            "Look-alike seed: the top {share:percent} of buyers by expected value, {least:count} "
            "people at least.",
            share=settings.seed_share,
            least=settings.seed_min_customers,
        ),
    }


def details(base: CustomerBase) -> dict[str, Any]:
    """What of the suppression could be known: ``opt_outs`` and ``removals``, each True or False."""
    return {
        "opt_outs": base.has("deliveries", "opted_out_at"),
        "removals": base.has("contacts", "removed_at"),
    }
