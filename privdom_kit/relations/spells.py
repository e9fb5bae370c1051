"""Relations between a person and the brand: when each began, when it ended, and by whom.

A relation is a row of ``contacts`` (person x staff) or of ``followers``. Only a removal by the
customer is churn. Staff who remove a customer and transfers end what can be watched (they
censor); a removal of which nobody says by whom counts as the customer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from privdom_kit.engine import checkpoint, collect
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw

    from privdom_kit.base import Base
    from privdom_kit.tables import Table

#: How a relation ended, by code; in the order in which the counts are shown.
ENDINGS = ("standing", "customer", "staff", "transfer")
STANDING, CUSTOMER, STAFF, TRANSFER = range(len(ENDINGS))
#: Columns of contacts by which relations are split, where given.
SPLITS = ("entry_code", "add_way", "staff_id")
FOLLOWER_SPLITS = ("source",)
_NEVER = 1 << 52  # a second beyond every date, still exact in a float
_KINDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Relations:
    """Relations up to ``as_of``, kept in the engine.

    Attributes:
        table: contacts or followers.
        frame: ``customer, relation`` (names the row)``, start, end`` (epoch seconds; end null
            while standing)``, start_day, end_day, ended`` (a code into :data:`ENDINGS`)``,
            unsaid`` (1 where nobody says who ended it) and the split columns as codes, -1 where
            not given.
        splits: Split columns that the client's file has.
        rows: Relations in the frame.
        unsaid: Ended relations of which nobody says by whom; counted as the customer's.
        endings: Relations by name of their ending.
        first_day: First day on which a relation began.
        coverage: Rows read, used and left out by reason.
    """

    table: str
    frame: nw.LazyFrame
    splits: tuple[str, ...]
    rows: int
    unsaid: int
    endings: dict[str, int]
    first_day: int
    coverage: Coverage


def read_contacts(base: Base) -> Relations | None:
    """The relations of ``contacts``; None where the table or its ends are not given."""
    if not base.has("contacts", "removed_at"):
        return None
    contacts = base.tables["contacts"]
    splits = tuple(name for name in SPLITS if contacts.has(name))
    return _read(base, contacts, "added", "removed", splits)


def read_followers(base: Base) -> Relations | None:
    """The relations of ``followers``; None where the table or its ends are not given."""
    if not base.has("followers", "unsubscribed_at"):
        return None
    followers = base.tables["followers"]
    splits = tuple(name for name in FOLLOWER_SPLITS if followers.has(name))
    return _read(base, followers, "subscribed", "unsubscribed", splits)


def _read(base: Base, table: Table, began: str, ended: str, splits: tuple[str, ...]) -> Relations:
    import narwhals as nw

    end_day = nw.col(f"{ended}_on")
    over = (~end_day.is_null() & (end_day <= base.as_of_day)).fill_null(value=False)
    kind, unsaid = _kind(table)
    rows = table.frame.select(
        customer=nw.col("customer"),
        relation=nw.col("order_key").cast(nw.Int64),
        start=nw.col(f"{began}_at").cast(nw.Int64),
        end=nw.when(over).then(nw.col(f"{ended}_at")).cast(nw.Int64),
        start_day=nw.col(f"{began}_on").cast(nw.Int32),
        end_day=nw.when(over).then(end_day).cast(nw.Int32),
        ended=nw.when(over).then(kind).otherwise(nw.lit(STANDING)).cast(nw.Int32),
        unsaid=nw.when(over).then(unsaid).otherwise(nw.lit(0)).cast(nw.Int32),
        **{name: nw.col(name).fill_null(-1).cast(nw.Int32) for name in splits},
    )
    known = ~nw.col("customer").is_null()
    turned = (nw.col("end") < nw.col("start")).fill_null(value=False)
    frame = checkpoint(rows.filter(known & ~turned))
    return _counted(table, rows.filter(known & turned), frame, splits)


def _kind(table: Table) -> tuple[nw.Expr, nw.Expr]:
    """The code of the ending, and whether nobody says who ended it."""
    import narwhals as nw

    if table.name != "contacts":
        return nw.lit(CUSTOMER), nw.lit(0)
    if not table.has("removed_by"):
        return nw.lit(CUSTOMER), nw.lit(1)
    kind: nw.Expr = nw.lit(CUSTOMER)
    for code in (STAFF, TRANSFER):
        found = nw.col("removed_by") == table.code("removed_by", ENDINGS[code])
        kind = nw.when(found).then(nw.lit(code)).otherwise(kind)
    return kind, nw.when(nw.col("removed_by").is_null()).then(nw.lit(1)).otherwise(nw.lit(0))


def _counted(
    table: Table, turned: nw.LazyFrame, frame: nw.LazyFrame, splits: tuple[str, ...]
) -> Relations:
    import narwhals as nw

    counts = collect(
        frame.group_by("ended").agg(
            nw.len().alias("rows"), nw.col("unsaid").sum(), nw.col("start_day").min()
        ),
        limit=len(ENDINGS),
    )
    used = int(counts["rows"].sum())
    backwards = int(collect(turned.select(nw.len().alias("rows")), limit=1)["rows"].iloc[0])
    seen = table.coverage
    lost = {"ended before it began": backwards, "no customer": seen.used - used - backwards}
    dropped = {**seen.dropped, **{reason: rows for reason, rows in lost.items() if rows > 0}}
    by_code = {
        int(code): int(rows) for code, rows in zip(counts["ended"], counts["rows"], strict=True)
    }
    return Relations(
        table.name,
        frame,
        splits,
        used,
        int(counts["unsaid"].sum()),
        {name: by_code.get(code, 0) for code, name in enumerate(ENDINGS)},
        int(counts["start_day"].min()) if used else 0,
        Coverage(used + sum(dropped.values()), used, dropped),
    )


def person_spells(relations: Relations) -> nw.LazyFrame:
    """Each person's first unbroken spell as a contact: from the first relation until none stands.

    A relation that was transferred goes on until the person's next relation begins, so that the
    moment between two staff is no departure. What follows after the person was gone (added anew)
    is not part of the spell; ``returned`` says that there was some.

    Returns:
        ``customer, start, end, start_day, end_day, ended, returned``: ended as in
        :data:`ENDINGS`, by what ended the relation that stood longest.
    """
    import narwhals as nw

    order = ["start", "end_or_never", "relation"]
    never = nw.lit(_NEVER, dtype=nw.Int64)
    rows = relations.frame.with_columns(end_or_never=nw.col("end").fill_null(_NEVER))
    following = nw.col("start").shift(-1).over("customer", order_by=order)
    bridged = (nw.col("ended") == TRANSFER) & (following > nw.col("end_or_never"))
    rows = rows.with_columns(following=following).with_columns(
        # The kind rides along in the lowest digits, so that a maximum brings it with it.
        reach=nw.when(bridged).then(nw.col("following")).otherwise(nw.col("end_or_never")) * _KINDS
        + nw.when(nw.col("ended") == STANDING).then(0).otherwise(_KINDS - nw.col("ended"))
    )
    so_far = nw.col("reach").cum_max().over("customer", order_by=order)
    rows = rows.with_columns(so_far=so_far)
    rows = rows.with_columns(before=nw.col("so_far").shift(1).over("customer", order_by=order))
    gap = (~nw.col("before").is_null()) & (nw.col("start") > nw.col("before") // _KINDS)
    rows = rows.with_columns(gap=nw.when(gap).then(nw.lit(1)).otherwise(nw.lit(0)))
    rows = rows.with_columns(gaps=nw.col("gap").cum_sum().over("customer", order_by=order))
    first = nw.col("gaps") == 0
    spells = rows.group_by("customer").agg(
        nw.col("start").min(),
        nw.col("start_day").min(),
        nw.col("gaps").max().alias("later"),
    )
    reach = (
        rows.filter(first).group_by("customer").agg(nw.col("reach").max(), nw.col("end_day").max())
    )
    spells = spells.join(reach, on="customer", how="inner")
    stands = nw.col("reach") // _KINDS >= never
    return spells.select(
        nw.col("customer"),
        nw.col("start"),
        nw.col("start_day"),
        end=nw.when(~stands).then(nw.col("reach") // _KINDS).cast(nw.Int64),
        end_day=nw.when(~stands).then(nw.col("end_day")).cast(nw.Int32),
        ended=nw.when(stands)
        .then(nw.lit(STANDING))
        .otherwise(_KINDS - nw.col("reach") % _KINDS)
        .cast(nw.Int32),
        returned=nw.when(nw.col("later") > 0).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
