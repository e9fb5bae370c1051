"""驼小满: camel milk powder for families, one product pushed hard.

Eighteen months of orders, from 2025-07 on 500 to 600 new WeCom contacts a month, from 2026-01 on
three purchase links a week. ``plan`` holds every planted size; ``facts`` says what came of it.
"""

from __future__ import annotations

from pathlib import Path

from .world import World, build

__all__ = ["World", "build", "write"]


def write(folder: Path) -> World:
    """Build the brand and write its exports, truth.parquet and facts.yml into ``folder``."""
    from .exports import write_exports
    from .facts import write_facts

    world = build()
    write_exports(world, folder)
    write_facts(world, folder)
    return world
