"""A canonical table in the engine, with what intake knows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from privdom_kit.formats import is_missing
from privdom_kit.results import Coverage

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows of one canonical table, in the stored form of ``contracts``.

    Attributes:
        name: Canonical name.
        frame: Lazy rows, nothing after ``as_of`` among them.
        coverage: Rows read, used and left out by reason.
        given: Canonical columns that the client's files have.
        dictionaries: Values of each code by domain; a code is an index into them.
    """

    name: str
    frame: nw.LazyFrame
    coverage: Coverage
    given: frozenset[str]
    dictionaries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def has(self, *columns: str) -> bool:
        """Whether the client's files have all these canonical columns."""
        return self.given.issuperset(columns)

    def code(self, domain: str, value: str) -> int:
        """The code of a value; -1, which no row has, where the value does not occur."""
        values = self.dictionaries.get(domain, ())
        return values.index(value) if value in values else -1

    def decode(self, table: pd.DataFrame, column: str, domain: str = "") -> pd.DataFrame:
        """A small collected table with the codes of ``column`` replaced by their values.

        Null and codes below zero become ``unknown``.
        """
        values = self.dictionaries.get(domain or column, ())
        codes = table[column]
        names = ["unknown" if is_missing(c) or c < 0 else values[int(c)] for c in codes]
        return table.assign(**{column: names})
