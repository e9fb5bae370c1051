"""What the questions of an audit start from: the client's tables, forms and economics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from privdom_kit.events import Events, gather_events
from privdom_kit.forms import Forms, read_forms
from privdom_kit.purchases import Purchases, read_purchases
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    from privdom_kit.client_file import Economics
    from privdom_kit.tables import Table


@dataclass(frozen=True, eq=False)
class Base:
    """A client as the touchpoint audit and the journeys see it: nothing after ``as_of``.

    Attributes:
        tables: The canonical tables that were given, by name.
        forms: What the consultant states.
        economics: What money figures rest on; None where not given.
        as_of: Last day seen, ISO.
        as_of_day: The same as an integer day.
        control_arms: What test arms are called to which nothing was sent.
    """

    tables: Mapping[str, Table]
    forms: Forms
    economics: Economics
    as_of: str
    as_of_day: int
    control_arms: tuple[str, ...]

    def has(self, table: str, *columns: str) -> bool:
        """Whether the client gave this table with these columns."""
        return table in self.tables and self.tables[table].has(*columns)

    def coverage(self, *names: str) -> Coverage:
        """Rows read, used and left out by intake, over the named tables that were given."""
        used, dropped = 0, dict[str, int]()
        for name in names:
            if name in self.tables:
                seen = self.tables[name].coverage
                used += seen.used
                for reason, rows in seen.dropped.items():
                    dropped[reason] = dropped.get(reason, 0) + rows
        return Coverage(used + sum(dropped.values()), used, dropped)

    @cached_property
    def purchases(self) -> Purchases | None:
        """What people bought; None without orders. Computed once."""
        return read_purchases(self.tables["orders"]) if "orders" in self.tables else None

    @cached_property
    def events(self) -> Events:
        """Everything that happened between brand and people, on one scale. Computed once."""
        return gather_events(self.tables, self.purchases, self.control_arms)


def read_base(client: Any) -> Base:
    """What the questions of 02 and 03 start from.

    Args:
        client: With ``tables, config, settings, economics, as_of, as_of_day``.

    Raises:
        ConfigError: forms.yml cannot be used.
    """
    return Base(
        tables=dict(client.tables),
        forms=read_forms(client.config),
        economics=client.economics,
        as_of=client.as_of.isoformat(),
        as_of_day=int(client.as_of_day),
        control_arms=client.settings.copy_tests.control_arms,
    )
