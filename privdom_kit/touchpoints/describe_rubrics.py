"""Findings on benefits by channel and on the member system in words."""

from __future__ import annotations

from privdom_kit.labels import label
from privdom_kit.messages import Message, join_messages, msg
from privdom_kit.report.wording import DATA_OWNER, needs_action, unanswered_finding
from privdom_kit.results import Finding, Result, Verdict

_MOST_NAMED = 5


def describe_benefits(result: Result) -> Finding:
    """Whether members get the same wherever they buy."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    if not result.figures:
        return Finding(
            result,
            statement=result.notes[0],
            evidence=_coupons(result, result.table),
            owner=DATA_OWNER,
        )
    figures = result.figures
    return Finding(
        result,
        statement=_parity(result),
        evidence=(*_channels(result), *_coupons(result, result.tables.get("coupon_use"))),
        action=msg(
            "Bring the benefits that differ into line with {reference}, or publish why they "
            "differ; find out the unknown ones.",
            reference=label(figures["reference"]),
        )
        if needs_action(result)
        else None,
        owner=msg("Membership lead") if needs_action(result) else None,
        money_basis=msg("Not derived: what unequal benefits cost is not in the register."),
    )


def _parity(result: Result) -> Message:
    figures = result.figures
    if figures["parity_share"] is None:
        return msg(
            "No benefit is known on both {reference} and another channel, so nothing can be "
            "compared.",
            reference=label(figures["reference"]),
        )
    return msg(
        "{equal:count} of {compared:count} member benefits ({share:percent}) are the same as on "
        "{reference}; {unknown:count} are unknown.",
        equal=figures["equal_cells"],
        compared=figures["compared"],
        share=figures["parity_share"],
        reference=label(figures["reference"]),
        unknown=figures["unknown_cells"],
    )


def _channels(result: Result) -> tuple[Message, ...]:
    table = result.table.dropna(subset=["parity_share"])
    worst = table.sort_values("parity_share", kind="stable").head(_MOST_NAMED)
    return tuple(
        msg(
            "{channel}: {equal:count} of {compared:count} the same ({share:percent}), "
            "{unknown:count} unknown.",
            channel=label(row.channel),
            equal=row.equal_cells,
            compared=row.compared,
            share=row.parity_share,
            unknown=row.unknown_cells,
        )
        for row in worst.itertuples(index=False)
    )


def _coupons(result: Result, table: object) -> tuple[Message, ...]:
    if table is None:
        return ()
    shown = table.dropna(subset=["coupon_share"]).head(_MOST_NAMED)  # type: ignore[attr-defined]
    return tuple(
        msg(
            "{place}: {coupons:count} of {buyers:count} buyers ({share:percent}, interval "
            "{low:percent} to {high:percent}) used a coupon in {days:days}.",
            place=label(row.place),
            coupons=row.coupon_buyers,
            buyers=row.buyers,
            share=row.coupon_share,
            low=row.coupon_share_ci_lower,
            high=row.coupon_share_ci_upper,
            days=result.settings["touchpoints.coupon_days"],
        )
        for row in shown.itertuples(index=False)
    )


def describe_member_system(result: Result) -> Finding:
    """How complete the member system is, and whether member days bring anything."""
    if (finding := unanswered_finding(result)) is not None:
        return finding
    return Finding(
        result,
        statement=_system(result),
        evidence=(*_parts(result), *_days(result), *_members(result)),
        action=_system_action(result),
        owner=msg("Membership lead") if needs_action(result) else None,
        money_basis=msg("Not derived: an uplift of one day is not what a member system brings."),
    )


def _system(result: Result) -> Message:
    figures = result.figures
    if figures["parts_met"] is None:
        return msg(
            "The five parts of the member system were not rated; what the data show stands below."
        )
    return msg(
        "The member system has {met:count} of {asked:count} parts with evidence; "
        "{answered:count} were answered.",
        met=figures["parts_met"],
        asked=figures["parts_asked"],
        answered=figures["parts_answered"],
    )


def _parts(result: Result) -> tuple[Message, ...]:
    table, said = result.table, []
    for status, words in (
        ("not_met", lambda names: msg("Missing: {names}.", names=names)),
        (
            "without_evidence",
            lambda names: msg("Said to be there, without evidence: {names}.", names=names),
        ),
        ("raters_differ", lambda names: msg("Raters differ on: {names}.", names=names)),
        ("unanswered", lambda names: msg("Not answered: {names}.", names=names)),
    ):
        parts = [label(part) for part in table.loc[table["status"] == status, "part"]]
        if parts and result.figures["parts_met"] is not None:
            said.append(words(join_messages(parts)))
    return tuple(said)


def _days(result: Result) -> tuple[Message, ...]:
    days = result.tables.get("member_days")
    if days is None:
        return ()
    said = []
    for row in days.itertuples(index=False):
        if row.buyer_uplift != row.buyer_uplift:
            said.append(
                msg(
                    "{name}: {compared:count} member days with matched days, too few for an "
                    "uplift.",
                    name=row.member_day,
                    compared=row.days_compared,
                )
            )
            continue
        said.append(
            msg(
                "{name}: {buyers:number} buyers on a member day against {matched:number} on "
                "matched days, {uplift:percent} more (interval {low:percent} to {high:percent}; "
                "{compared:count} days); a theme each time: {theme}.",
                name=row.member_day,
                buyers=row.buyers_per_day,
                matched=row.matched_buyers_per_day,
                uplift=row.buyer_uplift,
                low=row.buyer_uplift_ci_lower,
                high=row.buyer_uplift_ci_upper,
                compared=row.days_compared,
                theme=label(_theme(row.has_theme)),
            )
        )
    return tuple(said)


def _theme(value: object) -> str:
    return "true" if value is True else "false" if value is False else "not_stated"


def _members(result: Result) -> tuple[Message, ...]:
    figures = result.figures
    if figures["buyers"] is None:
        return ()
    return (
        msg(
            "{members:count} of {buyers:count} buyers ({share:percent}, interval {low:percent} to "
            "{high:percent}) were members when they bought; they brought {spend:percent} of net "
            "spend.",
            members=figures["member_buyers"],
            buyers=figures["buyers"],
            share=figures["member_buyer_share"],
            low=figures["member_buyer_share_ci_lower"],
            high=figures["member_buyer_share_ci_upper"],
            spend=figures["member_net_spend_share"],
        ),
    )


def _system_action(result: Result) -> Message | None:
    if result.verdict is Verdict.ACT:
        if result.figures["idle_member_days"]:
            return msg(
                "Give the member day a theme and a benefit of its own, or drop it: it brings no "
                "more buyers than other days."
            )
        return msg(
            "Build the missing parts before tiers or paid membership are extended, the growth path "
            "and interaction first."
        )
    if result.verdict is Verdict.WATCH:
        return msg("Rate the open parts with evidence, and give each member day its theme.")
    return None
