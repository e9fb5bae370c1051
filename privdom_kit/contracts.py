"""The canonical tables: what a client may feed in, and the form in which it is stored.

One declaration a table. Intake reads it to check and convert; calculations read the stored form:

==========  =======================================================================
kind        stored as
==========  =======================================================================
identity    nothing raw; all identity columns of a row become ``customer`` (int32)
key         as ``code``, in int64
time        ``<name>``: int64 epoch seconds; ``<stem>_on``: int32, the client's own day
date        ``<name>``: int32, days since 1970-01-01
month       an age band at ``as_of`` only (``child_band``); the month is dropped
money       ``<name>_cents``: int64
count       ``<name>``: int64
number      ``<name>``: float64
share       ``<name>``: float64, 0 to 1
flag        ``<name>``: int8, 0 or 1
code        ``<name>``: int32, an index into the client's dictionary of the domain
choice      as ``code``, the allowed values being fixed
text        ``<name>``: text
==========  =======================================================================

Every stored table is sorted by ``customer``, then time, then key, and carries ``order_key``
(int64), its position in that order: a total order that settles ties the same way everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal[
    "identity",
    "key",
    "time",
    "date",
    "month",
    "money",
    "count",
    "number",
    "share",
    "flag",
    "code",
    "choice",
    "text",
]

# In the order in which one of them names a person who carries several.
IDENTITIES = (
    "customer_id",
    "union_id",
    "external_user_id",
    "member_id",
    "open_id",
    "phone",
    "buyer_id",
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a canonical table.

    Attributes:
        name: Canonical name.
        kind: How it is checked and stored (see the module's table).
        required: Whether a row without a value is unusable.
        choices: Allowed values of a ``choice``.
        signed: Whether a number may be negative.
        identity: The identity type of an ``identity`` column.
        domain: Name of the dictionary of a code; columns of one domain can be joined.
        known_at: The time column with which the value becomes known: what happens after
            ``as_of`` is not seen, neither its time nor what it brought.
    """

    name: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    signed: bool = False
    identity: str = ""
    domain: str = ""
    known_at: str = ""

    @property
    def day_name(self) -> str:
        """The stored day beside a ``time`` column: paid_at -> paid_on."""
        return f"{self.name.removesuffix('_at')}_on"


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One canonical table.

    Attributes:
        name: Canonical name.
        grain: What one row is, in words.
        columns: All columns, identity columns included.
        key: Columns that name a row; empty where equal rows are one event told twice.
        clock: The time or date column that ``as_of`` cuts and that orders a person's rows.
        person: yes (a row belongs to a person), no, or optional (it may).
        people: Stored person columns and the identity columns that name each.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    clock: str = ""
    person: Literal["yes", "no", "optional"] = "no"
    people: tuple[tuple[str, tuple[str, ...]], ...] = (("customer", IDENTITIES),)

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            KeyError: There is none.
        """
        return next(c for c in self.columns if c.name == name) if self.has(name) else _miss(name)

    def has(self, name: str) -> bool:
        """Whether the table may have that column."""
        return any(c.name == name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Required columns, identity apart."""
        return tuple(c.name for c in self.columns if c.required)

    @property
    def identities(self) -> tuple[str, ...]:
        """Names of the identity columns."""
        return tuple(c.name for c in self.columns if c.kind == "identity")


def _miss(name: str) -> Column:
    raise KeyError(name)


_SHORTHAND: dict[str, str] = {
    "t": "time",
    "d": "date",
    "y": "month",
    "m": "money",
    "c": "count",
    "n": "number",
    "s": "share",
    "f": "flag",
    "k": "key",
    "x": "text",
    "": "code",
}
_DOMAINS = {"from_touchpoint": "touchpoint", "to_touchpoint": "touchpoint"}
_KNOWN_AT = {
    "removed_by": "removed_at",
    "talk_seconds": "connected_at",
    "order_amount": "ordered_at",
    "dealer_id": "assigned_at",
    "deal_amount": "deal_at",
    "satisfied": "resolved_at",
}
_CHANNELS = ("sms", "call", "call_sms", "wecom")
_PURPOSES = ("marketing", "interaction", "care", "daily")


def _columns(declaration: str, **choices: tuple[str, ...]) -> tuple[Column, ...]:
    """Columns from ``name*:kind`` words; ``*`` requires, a trailing ``-`` allows negatives."""
    columns = []
    for word in declaration.split():
        name, _, short = word.partition(":")
        signed = short.endswith("-")
        required = name.endswith("*")
        name = name.rstrip("*")
        kind = "choice" if name in choices else _SHORTHAND[short.rstrip("-")]
        columns.append(
            Column(
                name,
                kind,  # type: ignore[arg-type]
                required,
                choices=choices.get(name, ()),
                signed=signed,
                domain=_DOMAINS.get(name, name),
                known_at=_KNOWN_AT.get(name, ""),
            )
        )
    names = {column.name for column in columns}
    return tuple(c if c.known_at in names else replace(c, known_at="") for c in columns)


_IDENTITY = tuple(Column(name, "identity", identity=name) for name in IDENTITIES)


def _known_as(*names: str, other: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Identity columns, those of ``names`` required (they are part of the table's grain)."""
    return tuple(
        Column(c.name, "identity", c.name in names, identity=c.identity) for c in _IDENTITY
    ) + tuple(Column(name, "identity", True, identity="customer_id") for name in other)


_SPECS = (
    TableSpec(
        "orders",
        "one order",
        _IDENTITY
        + _columns(
            "order_id*:k paid_at*:t amount*:m- refund_amount:m status platform touchpoint "
            "on_promotion:f coupon_code entry_code store_id staff_id",
            status=("paid", "closed", "refunded"),
        ),
        key=("order_id",),
        clock="paid_at",
        person="yes",
    ),
    TableSpec(
        "order_items",
        "one product in one order",
        _columns("order_id*:k sku* quantity*:n- amount*:m- category unit_cost:m"),
    ),
    TableSpec(
        "contacts",
        "one friend relation: person x staff",
        _known_as("external_user_id")
        + _columns(
            "staff_id* added_at*:t add_way entry_code removed_at:t removed_by account_kind",
            removed_by=("customer", "staff", "transfer"),
            account_kind=("wecom", "personal"),
        ),
        clock="added_at",
        person="yes",
    ),
    TableSpec(
        "followers",
        "one follower of the service account",
        _known_as("open_id") + _columns("subscribed_at*:t unsubscribed_at:t source"),
        clock="subscribed_at",
        person="yes",
    ),
    TableSpec(
        "members",
        "one registered member",
        _known_as("member_id")
        + _columns(
            "registered_at*:t tier points:n- store_id city child_birth_month:y guardian_consent:f"
        ),
        clock="registered_at",
        person="yes",
    ),
    TableSpec(
        "touches",
        "one contact between brand and person",
        _IDENTITY
        + _columns(
            "occurred_at*:t touchpoint* action* direction* purpose has_purchase_link:f "
            "content_id campaign_id group_id staff_id",
            direction=("brand", "customer"),
            purpose=_PURPOSES,
        ),
        clock="occurred_at",
        person="yes",
    ),
    TableSpec(
        "deliveries",
        "one attempt of a test or campaign at one person",
        _IDENTITY
        + _columns(
            "delivery_id*:k channel* sent_at*:t test_id crowd arm cost:m segments:c status "
            "delivered_at:t connected_at:t talk_seconds:n clicked_at:t friend_added_at:t "
            "friend_removed_at:t ordered_at:t order_amount:m opted_out_at:t complained_at:t",
            channel=_CHANNELS,
        ),
        key=("delivery_id",),
        clock="sent_at",
        person="yes",
    ),
    TableSpec(
        "posts",
        "one published piece",
        _columns(
            "post_id*:k posted_at*:t touchpoint* purpose* has_purchase_link:f group_id audience "
            "reads:c likes:c comments:c shares:c text:x",
            purpose=_PURPOSES,
        ),
        key=("post_id",),
        clock="posted_at",
    ),
    TableSpec(
        "groups",
        "one community group on one day",
        _columns(
            "group_id* date*:d members*:c active_members:c messages:c created_at:t "
            "planned_days:c theme store_id"
        ),
        key=("group_id", "date"),
        clock="date",
    ),
    TableSpec(
        "channel_days",
        "one acquisition channel on one day",
        _columns(
            "date*:d channel* traffic entry_code impressions:c clicks:c adds:c cost:m",
            traffic=("stable", "paid", "unclear"),
        ),
        clock="date",
    ),
    TableSpec(
        "touchpoint_days",
        "one metric of one touchpoint on one day",
        _columns("date*:d touchpoint* metric* value*:n-"),
        key=("date", "touchpoint", "metric"),
        clock="date",
    ),
    TableSpec(
        "links",
        "one designed link between two touchpoints",
        _columns(
            "from_touchpoint* to_touchpoint* entry_code owner hook jump capacity_per_month:n "
            "cost_per_attempt:m status",
            jump=("direct", "copy_code", "none"),
            status=("live", "planned"),
        ),
    ),
    TableSpec(
        "link_days",
        "one link on one day",
        _columns("date*:d from_touchpoint* to_touchpoint* entered*:c passed*:c cost:m"),
        clock="date",
    ),
    TableSpec(
        "referrals",
        "one invitation",
        _known_as(other=("referrer_id", "invited_id"))[len(_IDENTITY) :]
        + _columns("invited_at*:t device_hash reward_cost:m"),
        clock="invited_at",
        person="yes",
        people=(("customer", ("invited_id",)), ("referrer", ("referrer_id",))),
    ),
    TableSpec(
        "leads",
        "one lead",
        _IDENTITY
        + _columns(
            "lead_id*:k created_at*:t source qualified_at:t assigned_at:t dealer_id "
            "contacted_at:t deal_at:t deal_amount:m"
        ),
        key=("lead_id",),
        clock="created_at",
        person="yes",
    ),
    TableSpec(
        "tickets",
        "one service case",
        _IDENTITY + _columns("ticket_id*:k opened_at*:t theme severity resolved_at:t satisfied:f"),
        key=("ticket_id",),
        clock="opened_at",
        person="yes",
    ),
    TableSpec(
        "responses",
        "one survey or interview answer",
        _IDENTITY + _columns("answered_at*:t stage* touchpoint score:n- pain_point:x text:x"),
        clock="answered_at",
        person="optional",
    ),
    TableSpec(
        "staff",
        "one member of staff",
        _columns("staff_id* store_id dealer_id left_at:t"),
        key=("staff_id",),
    ),
)

TABLES: dict[str, TableSpec] = {spec.name: spec for spec in _SPECS}

# Bands of a child's age in months: lower bound inclusive, upper exclusive (S051).
CHILD_BANDS: tuple[tuple[str, int, int], ...] = (
    ("0-6m", 0, 6),
    ("6-12m", 6, 12),
    ("1-3y", 12, 36),
    ("3-6y", 36, 72),
    ("6-14y", 72, 168),
)
# Values of the ``child_band`` domain in the order of their codes. Without the guardian's consent
# there is no band (PI-02); an adult's or a future month of birth is not a child's.
CHILD_VALUES = (*(name for name, _, _ in CHILD_BANDS), "no_consent", "outside_0_14y")
