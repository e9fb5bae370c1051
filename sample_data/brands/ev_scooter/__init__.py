"""跃途电动: two-wheeled electric vehicles, sold by dealers, kept by service.

Service account, mini program and WeCom were opened on 2025-10-01. ``plan`` holds every planted
size; ``facts`` says what came of it.
"""

from __future__ import annotations

from pathlib import Path

from .world import World, build

__all__ = ["World", "build", "write"]


def write(folder: Path) -> World:
    """Build the brand and write its exports and facts.yml into ``folder``."""
    from .exports import write_exports
    from .facts import write_facts

    world = build()
    files = write_exports(world, folder)
    write_facts(world, files, folder)
    return world
