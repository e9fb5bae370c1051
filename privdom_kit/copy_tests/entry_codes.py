"""Entry codes and short names of tests and arms: ASCII, at most so long, each one of its own."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

from privdom_kit.form_copy_tests import CopyTest

_ALLOWED = re.compile(r"[A-Za-z0-9_-]+")
_DIGITS = 6  # base 32: two names in a billion share them


def is_code(code: str, longest: int) -> bool:
    """Whether an entry code can stand in a QR code: ASCII letters, digits, _ and -, not longer."""
    return len(code) <= longest and _ALLOWED.fullmatch(code) is not None


def short_name(words: str, longest: int) -> str:
    """A name in letters, digits, _ and -, the same for the same words on every machine.

    Words that are such a name stay; others keep what they have of it, with a few digits of their
    SHA-256 behind, so that two different words do not become one.
    """
    if is_code(words, longest):
        return words
    digest = hashlib.sha256(words.encode()).digest()
    digits = base64.b32encode(digest).decode("ascii").lower()[:_DIGITS]
    kept = "-".join(_ALLOWED.findall(words))[: max(longest - _DIGITS - 1, 0)].strip("-_")
    return f"{kept}-{digits}" if kept else digits


def entry_codes(plans: Sequence[CopyTest], longest: int) -> dict[tuple[str, str], str]:
    """The entry code of each test and arm: the stated one, else one made of both names.

    Args:
        plans: The tests.
        longest: Characters that WeCom takes (setting ``copy_tests.entry_code_characters``).
    """
    taken = {arm.entry_code for plan in plans for arm in plan.arms if arm.entry_code}
    codes = {}
    for plan in plans:
        for arm in plan.arms:
            code = arm.entry_code
            if not code:
                code = _made(plan.id, arm.name, longest, taken)
                taken.add(code)
            codes[plan.id, arm.name] = code
    return codes


def _made(test: str, arm: str, longest: int, taken: set[str]) -> str:
    both = f"{test}-{arm}"
    plain = is_code(test, longest) and is_code(arm, longest)
    code = short_name(both if plain else f"{short_name(test, longest)}-{arm}", longest)
    number = 0
    while code in taken:
        number += 1
        code = short_name(f"{both} {number}", longest)
    return code
