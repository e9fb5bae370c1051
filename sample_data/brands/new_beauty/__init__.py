"""颜序: a beauty brand two years old, sold on a mini program and platforms, kept by WeCom friends.

Text messages and AI calls bring people in; the brand tests its copy. ``plan`` holds every planted
size; ``facts`` says what came of it.
"""

from __future__ import annotations

from pathlib import Path

from .world import World, build

__all__ = ["World", "build", "write"]


def write(folder: Path) -> World:
    """Build the brand and write its exports, the filed plan and facts.yml into ``folder``."""
    from .exports import write_exports
    from .facts import write_facts
    from .filed import write_filed

    world = build()
    files = write_exports(world, folder)
    write_filed(folder)
    write_facts(files, folder)
    return world
