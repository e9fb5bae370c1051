"""What a stage of the client's journey is called: its name is the data's, not the code's."""

from __future__ import annotations

from typing import Any

from privdom_kit.formats import is_missing
from privdom_kit.knowledge.stage_models import usual_words
from privdom_kit.messages import Message, bilingual


def stage_words(row: Any) -> Message | str:
    """The name of a row's stage: as forms.yml has it, in the usual words, or as it is."""
    name = row.get("stage_name")
    if isinstance(name, str) and name and not is_missing(name):
        return name
    return named_stage(str(row["stage"]))


def named_stage(stage: str) -> Message | str:
    """The words for a stage named in the data."""
    plain = stage.replace("_", " ")
    words = usual_words().get(stage.lower())
    return plain if words is None or not stage.isascii() else bilingual({"en": plain, "zh": words})
