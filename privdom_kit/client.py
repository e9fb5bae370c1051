"""A client, opened: its stored tables as lazy rows, its settings, its day."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit import engine
from privdom_kit.contracts import TABLES
from privdom_kit.errors import ConfigError
from privdom_kit.formats import day_number
from privdom_kit.intake import Prepared, prepare
from privdom_kit.results import Coverage
from privdom_kit.tables import Table

if TYPE_CHECKING:
    import duckdb
    import narwhals as nw

    from privdom_kit.config import ClientConfig, Economics
    from privdom_kit.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Client:
    """One client as calculations see it: nothing after ``as_of``.

    Attributes:
        config: What client.yml says.
        tables: The canonical tables that were given, by name; also attributes
            (``client.orders``).
        people: One row a person: customer (int), customer_id (keyed).
        intake: What intake saw (the manifest).
        connection: The engine.
    """

    config: ClientConfig
    tables: Mapping[str, Table]
    people: nw.LazyFrame
    intake: Mapping[str, Any]
    connection: duckdb.DuckDBPyConnection

    @property
    def settings(self) -> Settings:
        """All thresholds."""
        return self.config.settings

    @property
    def economics(self) -> Economics:
        """What money figures rest on; None where not given."""
        return self.config.economics

    @property
    def as_of(self) -> dt.date:
        """Last day that any calculation sees."""
        return self.config.as_of

    @property
    def as_of_day(self) -> int:
        """``as_of`` as an integer day."""
        return day_number(self.config.as_of)

    def __getattr__(self, name: str) -> Table:
        if name in TABLES:
            tables: Mapping[str, Table] = object.__getattribute__(self, "tables")
            if name in tables:
                return tables[name]
            raise AttributeError(
                f"this client gave no table {name}; it gave {', '.join(tables) or 'none'}"
            )
        raise AttributeError(name)

    def __dir__(self) -> list[str]:
        return [*object.__dir__(self), *self.tables]

    def close(self) -> None:
        """Let the engine go."""
        self.connection.close()


class Dictionaries(Mapping[str, tuple[str, ...]]):
    """Values of codes by domain, each read when it is first asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, file: Path) -> None:
        self._connection, self._file = connection, file
        self._known: dict[str, tuple[str, ...]] = {}
        self._domains: tuple[str, ...] | None = None

    def __getitem__(self, domain: str) -> tuple[str, ...]:
        if domain not in self._known:
            rows = self._connection.execute(
                "SELECT value FROM read_parquet(?) WHERE domain = ? ORDER BY code",
                [str(self._file), domain],
            ).fetchall()
            if not rows:
                raise KeyError(domain)
            self._known[domain] = tuple(row[0] for row in rows)
        return self._known[domain]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> tuple[str, ...]:
        if self._domains is None:
            rows = self._connection.execute(
                "SELECT DISTINCT domain FROM read_parquet(?) ORDER BY domain", [str(self._file)]
            ).fetchall()
            self._domains = tuple(row[0] for row in rows)
        return self._domains


def open_client(
    config: ClientConfig, progress: Callable[[str], None] = lambda line: None
) -> Client:
    """Open a client, preparing its tables where that was not done yet.

    Args:
        config: What client.yml says.
        progress: Takes a line for each step of preparing.

    Raises:
        ConfigError: The engine is not one that this version runs.
        DataError: The data cannot be used (see :func:`privdom_kit.intake.prepare`).
    """
    if config.engine.backend != "duckdb" or config.engine.tables:
        raise ConfigError(
            f"{config.path}: engine asks for {config.engine.backend} or tables that stand there",
            "this version runs duckdb over files",
            "Remove `engine` from client.yml and give files under `tables`",
        )
    prepared = prepare(config, progress)
    return open_prepared(config, prepared)


def open_prepared(config: ClientConfig, prepared: Prepared) -> Client:
    """Open a client whose tables are prepared."""
    limits = {"memory_limit": f"{config.settings.run.memory_mb}MB", **config.engine.options}
    # The engine makes the folder when it spills and removes it when it closes; what a killed run
    # left there goes with the next intake.
    spill = prepared.folder.parents[1] / f"scratch-{os.getpid()}-spill"
    connection = engine.connect(**limits, scratch=spill)
    dictionaries = Dictionaries(connection, prepared.folder / "dictionary.parquet")
    tables = {
        name: Table(
            name,
            engine.scan(connection, [prepared.folder / f"{name}.parquet"]),
            Coverage(described["rows"], described["used"], described["dropped"]),
            frozenset(described["given"]),
            dictionaries,
        )
        for name, described in prepared.manifest["tables"].items()
    }
    people = engine.scan(connection, [prepared.folder / "people.parquet"])
    return Client(config, tables, people, prepared.manifest, connection)
