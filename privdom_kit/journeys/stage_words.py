"""What a stage is called: by the consultant, or in the words for its name."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.labels import label
from privdom_kit.messages import Message


def stage_words(row: Any) -> Message | str:
    """The name of a row's stage: as forms.yml has it, else the label of its name."""
    name = row.get("stage_name")
    return label(row["stage"]) if is_missing(name) or not name else str(name)
