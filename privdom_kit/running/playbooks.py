"""Which playbooks there are, found by file name."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from privdom_kit.errors import ConfigError

PACKAGE = Path(__file__).parents[1]
_NAME = re.compile(r"(\d\d)_[a-z0-9_]+\.ipynb")


@dataclass(frozen=True, slots=True)
class Playbook:
    """A numbered notebook.

    Attributes:
        number: Two digits, as ``--only`` takes them.
        name: File name without its suffix, e.g. ``01_user_layering``.
        path: The notebook.
    """

    number: str
    name: str
    path: Path


def playbooks_folder() -> Path:
    """The folder of the notebooks: of the checkout, or of the installed package.

    ``PRIVDOM_PLAYBOOKS`` names another one, for a house that keeps its own.
    """
    given = os.environ.get("PRIVDOM_PLAYBOOKS")
    if given:
        return Path(given).absolute()
    checkout = PACKAGE.parent
    here = checkout if (checkout / "pyproject.toml").is_file() else PACKAGE
    return here / "playbooks"


def find_playbooks(folder: Path | None = None) -> list[Playbook]:
    """All playbooks, by number.

    Raises:
        ConfigError: The folder holds none.
    """
    folder = folder or playbooks_folder()
    files = sorted(folder.glob("*.ipynb")) if folder.is_dir() else []
    found = [Playbook(m[1], f.stem, f) for f in files if (m := _NAME.fullmatch(f.name))]
    if not found:
        raise ConfigError(
            f"{folder} holds no playbook",
            "Expected notebooks named like 01_user_layering.ipynb",
            "Install the package again, or correct PRIVDOM_PLAYBOOKS",
        )
    return found


def parse_only(only: str, playbooks: Sequence[Playbook]) -> frozenset[str]:
    """The names of the playbooks that ``--only`` asks for; all where it is empty.

    Raises:
        ConfigError: A number that no playbook has.
    """
    by_number = {playbook.number: playbook.name for playbook in playbooks}
    asked = [part.strip() for part in only.split(",") if part.strip()]
    for number in asked:
        if number not in by_number:
            raise ConfigError(
                f"--only holds {number}",
                f"Expected two-digit numbers among {', '.join(by_number)}, with commas between",
                "Correct the number",
            )
    return frozenset(by_number[number] for number in asked or by_number)
