"""What the stitching of identifiers did: which keys joined whom, who carries several, in counts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from privdom_kit.contracts import IDENTITIES
from privdom_kit.intake.components import distinct_pairs
from privdom_kit.intake.guards import NOT_REFUSED, Grouping

if TYPE_CHECKING:
    import numpy as np

# Types of which a person should carry one value. Of the others one may have several: a WeCom id
# a vendor, an open id an app, phones, shop accounts.
ONE_EACH = ("customer_id", "union_id", "member_id")
SEVERAL = 3  # people with this many values of a type, or more, are counted together


@dataclass(frozen=True, slots=True, eq=False)
class Sightings:
    """Identifier values as exports write them, one a node.

    Attributes:
        kind: Identity type, an index into ``IDENTITIES``; shape (nodes,), int8.
        first: The node that stands for the value, however it is written; -1 where it names
            nobody (blank, masked); int32.
        named: Whether the node stands for its value.
        tables: Bits of the tables that hold the value; of all its ways of writing at ``named``.
        rows: Rows that hold it, likewise.
        table_names: Name of the table of each bit; empty for a table that names nobody.
    """

    kind: np.ndarray
    first: np.ndarray
    named: np.ndarray
    tables: np.ndarray
    rows: np.ndarray
    table_names: tuple[str, ...]

    @classmethod
    def of(
        cls,
        kind: np.ndarray,
        first: np.ndarray,
        tables: np.ndarray,
        rows: np.ndarray,
        table_names: Sequence[str],
    ) -> Sightings:
        """Gather what each way of writing a value was held by at the node that stands for it."""
        import numpy as np

        nodes = np.arange(len(first))
        named = first == nodes
        other = np.flatnonzero((first >= 0) & ~named)
        tables, rows = tables.copy(), rows.copy()
        np.bitwise_or.at(tables, first[other], tables[other])
        np.add.at(rows, first[other], rows[other])
        return cls(kind, first, named, tables, rows, tuple(table_names))

    def carriers(self, kind: int, customer: np.ndarray, people: int) -> np.ndarray:
        """Whether each person carries a value of the type; shape (people,), bool."""
        return _mark(customer[self.named & (self.kind == kind)], people)

    def held_by(self, bit: int, customer: np.ndarray, people: int) -> np.ndarray:
        """Whether each person stands in the table; shape (people,), bool."""
        return _mark(customer[self.named & ((self.tables >> bit) & 1 == 1)], people)


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """Values of two types that stand on one row.

    Attributes:
        kind_a: Type of the one, an index into ``IDENTITIES``.
        kind_b: Type of the other.
        a: Nodes, shape (ties,), int32.
        b: Nodes, likewise.
    """

    kind_a: int
    kind_b: int
    a: np.ndarray
    b: np.ndarray


def _mark(numbers: np.ndarray, count: int) -> np.ndarray:
    import numpy as np

    marked = np.zeros(count, dtype=bool)
    marked[numbers[numbers >= 0]] = True
    return marked


def log_merges(
    seen: Sightings,
    ties: Sequence[Ties],
    grouping: Grouping,
    customer: np.ndarray,
    people: int,
) -> tuple[dict[str, int], dict[str, Any]]:
    """People by identity type, and the merge log.

    Args:
        seen: The identifier values.
        ties: What stood on one row.
        grouping: What the guards made of it.
        customer: Person of each value, -1 for none; shape (nodes,).
        people: How many there are.

    Returns:
        People by identity type; and ``tables`` (that name people), ``people``,
        ``people_in_two_tables``, ``keys`` (a row an identity type: values, people, rows and how
        many of them meet in two tables), ``ties`` (a row a pair of types: distinct pairs of
        values, people joined so), ``several`` (people by number of values), ``pairs`` (a row a
        pair of tables: people in each, in both), ``shared_values``, ``large_clusters``.
    """
    import numpy as np

    bits = [(bit, name) for bit, name in enumerate(seen.table_names) if name]
    inside = {name: seen.held_by(bit, customer, people) for bit, name in bits}
    in_tables = sum((held.astype(np.int8) for held in inside.values()), np.zeros(people, np.int8))
    keys = [
        _key_row(seen, grouping, customer, in_tables >= 2, kind)
        for kind in range(len(IDENTITIES))
        if (seen.kind == kind).any()
    ]
    log = {
        "tables": list(inside),
        "people": people,
        "people_in_two_tables": int((in_tables >= 2).sum()),
        "keys": keys,
        "ties": _tie_rows(ties, customer, people),
        "several": [
            row for kind in range(len(IDENTITIES)) for row in _several(seen, customer, kind)
        ],
        "pairs": [
            {
                "table": a,
                "other_table": b,
                "people": int(inside[a].sum()),
                "other_people": int(inside[b].sum()),
                "people_in_both": int((inside[a] & inside[b]).sum()),
            }
            for a, b in itertools.combinations(inside, 2)
        ],
        "shared_values": int((grouping.would_join > 0).sum()),
        "large_clusters": len(grouping.cluster_sizes),
    }
    by_identity = {row["identity"]: row["people"] for row in keys if row["people"]}
    return dict(sorted(by_identity.items())), log


def _key_row(
    seen: Sightings, grouping: Grouping, customer: np.ndarray, matched: np.ndarray, kind: int
) -> dict[str, Any]:
    import numpy as np

    mine = seen.kind == kind
    nobody = mine & (seen.first < 0)
    mine &= seen.named
    known = mine & (customer >= 0)
    carriers = seen.carriers(kind, customer, len(matched))
    twice = known & (np.bitwise_count(seen.tables) >= 2)
    return {
        "identity": IDENTITIES[kind],
        "values": int(mine.sum()),
        "refused_values": int((mine & (grouping.refused != NOT_REFUSED)).sum()),
        "unusable_values": int(nobody.sum()),
        "people": int(carriers.sum()),
        "people_matched": int((carriers & matched).sum()),
        "people_matched_by_key": int(_mark(customer[twice], len(matched)).sum()),
        "rows": int(seen.rows[mine].sum()),
        "rows_matched": int(seen.rows[known][matched[customer[known]]].sum()),
        "unusable_rows": int(seen.rows[nobody].sum()),
    }


def _tie_rows(ties: Sequence[Ties], customer: np.ndarray, people: int) -> list[dict[str, Any]]:
    import numpy as np

    rows = []
    kinds = sorted({(min(t.kind_a, t.kind_b), max(t.kind_a, t.kind_b)) for t in ties})
    for one, other in kinds:
        mine = [t for t in ties if {t.kind_a, t.kind_b} == {one, other}]
        a = np.concatenate([t.a if t.kind_a == one else t.b for t in mine])
        b = np.concatenate([t.b if t.kind_a == one else t.a for t in mine])
        a, b = distinct_pairs(a, b)
        joined = customer[a][(customer[a] >= 0) & (customer[a] == customer[b])]
        rows.append(
            {
                "identity": IDENTITIES[one],
                "other_identity": IDENTITIES[other],
                "pairs": len(a),
                "people": int(_mark(joined, people).sum()),
            }
        )
    return rows


def _several(seen: Sightings, customer: np.ndarray, kind: int) -> list[dict[str, Any]]:
    """How many people carry one value of the type, two, three or more."""
    import numpy as np

    carried = customer[seen.named & (seen.kind == kind) & (customer >= 0)]
    if not len(carried):
        return []
    values = np.minimum(np.bincount(carried), SEVERAL)
    people = np.bincount(values, minlength=SEVERAL + 1)
    return [
        {"identity": IDENTITIES[kind], "values": number, "people": int(people[number])}
        for number in range(1, SEVERAL + 1)
    ]
