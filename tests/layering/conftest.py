"""Small brands for the layering tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import client_tables
import pytest

from privdom_kit.engine import closing, connect
from privdom_kit.layering.customers import summarise_customers

EVERYTHING_SHOWN = {"min_cell": 1}


@pytest.fixture
def summarise() -> Iterator[Callable[..., tuple]]:
    """Summarise a client of these tables: ``(base, settings)``; small cells are shown."""
    yield from _summariser()


@pytest.fixture(scope="module")
def summarise_once() -> Iterator[Callable[..., tuple]]:
    """The same for a brand that all tests of a module look at."""
    yield from _summariser()


def _summariser() -> Iterator[Callable[..., tuple]]:
    with closing(connect()) as connection:

        def make(frames: dict, as_of_day: int, **options: Any) -> tuple:
            options.setdefault("privacy", EVERYTHING_SHOWN)
            client = client_tables.client(connection, frames, as_of_day, **options)
            return summarise_customers(client), client.settings

        yield make
