"""Words of names of the copy test plan."""

from __future__ import annotations

WORDS: dict[str, str] = {
    # what is planned
    "test": "test",
}
