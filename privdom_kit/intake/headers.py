"""Headers as exports write them, found by name whatever their blanks, brackets and order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# White space of every kind, and what is not seen: zero-width characters, the byte order mark.
_UNSEEN = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]+")


def normalise(header: str) -> str:
    """The comparable form of a header: full-width forms narrowed, blanks gone, lower case."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", header)).casefold()


def number_repeats(headers: Sequence[str]) -> list[str]:
    """Headers with their repeats numbered: 分销员, 分销员#2; blank ones stay blank."""
    seen: dict[str, int] = {}
    numbered = []
    for header in headers:
        seen[header] = seen.get(header, 0) + 1
        again = header and seen[header] > 1
        numbered.append(f"{header}#{seen[header]}" if again else header)
    return numbered


class Headers:
    """The headers of one file by name.

    Args:
        headers: In the file's order; a repeated one is known as ``name#2``, ``name#3``.
    """

    def __init__(self, headers: Sequence[str]) -> None:
        self.names = number_repeats(headers)
        self._exact = {name: i for i, name in enumerate(self.names) if name}
        self._normal: dict[str, int] = {}
        for i, name in enumerate(self.names):
            if name:
                self._normal.setdefault(normalise(name), i)

    def find(self, *alternatives: str) -> int | None:
        """Position of the first of the alternatives that the file has; None where it has none."""
        for name in alternatives:
            place = self._exact.get(name.strip(), self._normal.get(normalise(name)))
            if place is not None:
                return place
        return None
