"""Staged identity tables for tests, and partitions to hold the stitching against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from privdom_kit import engine
from privdom_kit.contracts import IDENTITIES, TABLES
from privdom_kit.intake.people import People, stitch
from privdom_kit.intake.reading import Staged
from privdom_kit.settings import IdentitySettings

Row = dict[str, str]
KEY = b"k" * 32


class Stitched:
    """What :func:`stitch` makes of rows of canonical tables.

    Attributes:
        people: Its answer.
        person_of: Customer by (identity, raw value); a value that names nobody is absent.
        customers: The engine's table ``people`` as a frame.
    """

    def __init__(
        self, tables: dict[str, Sequence[Row]], folder: Path | None = None, **limits: int
    ) -> None:
        with engine.closing(engine.connect()) as connection:
            staged = []
            for name, rows in tables.items():
                given = [i for i in IDENTITIES if any(i in row for row in rows)]
                columns = {i: pd.Series([row.get(i) for row in rows], dtype="str") for i in given}
                frame = pd.DataFrame(columns).assign(
                    fault=pd.Series([None] * len(rows), dtype="str")
                )
                connection.register("incoming", frame)
                connection.execute(f"CREATE TABLE staged_{name} AS SELECT * FROM incoming")
                staged.append(Staged(TABLES[name], f"staged_{name}", tuple(given)))
            settings = IdentitySettings.model_validate(limits)
            self.people: People = stitch(connection, staged, KEY, settings, folder)
            found = connection.execute("SELECT identity, raw, customer FROM person_of").fetchall()
            self.person_of = {(identity, raw): customer for identity, raw, customer in found}
            self.customers = connection.execute("SELECT * FROM people ORDER BY customer").df()

    @property
    def partition(self) -> set[frozenset[tuple[str, str]]]:
        """The people as sets of (identity, raw value)."""
        people: dict[int, set[tuple[str, str]]] = {}
        for value, customer in self.person_of.items():
            people.setdefault(customer, set()).add(value)
        return {frozenset(values) for values in people.values()}


def pair_counts(
    found: Iterable[Iterable[object]], truth: Iterable[Iterable[object]]
) -> tuple[int, int, int]:
    """Pairs in one set of both partitions, of the found one, of the true one."""
    where = {value: i for i, values in enumerate(truth) for value in values}
    true_sizes = pd.Series(list(where.values())).value_counts()
    cells = pd.Series([(i, where[v]) for i, values in enumerate(found) for v in values])
    sizes = pd.Series([i for i, values in enumerate(found) for _ in values]).value_counts()
    return tuple(int((n * (n - 1) // 2).sum()) for n in (cells.value_counts(), sizes, true_sizes))
