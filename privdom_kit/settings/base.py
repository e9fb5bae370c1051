"""What a threshold is: a field with a default, a unit, a source and a date."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

HOUSE = "house rule"


def setting(default: Any, meaning: str, *, unit: str, source: str, date: str, **limits: Any) -> Any:
    """A threshold as a field of a topic model.

    Args:
        default: Value used where client.yml says nothing.
        meaning: What the threshold decides, in a few words.
        unit: Unit of the value, e.g. ``days`` or ``share of rows``.
        source: Where the default comes from: an article id, a paper, or :data:`HOUSE`.
        date: When the source said so, ISO (year, month or day).
        **limits: Allowed range as pydantic names it: ``ge, gt, le, lt``.
    """
    origin: dict[str, Any] = {"unit": unit, "source": source, "date": date}
    return Field(default=default, description=meaning, json_schema_extra=origin, **limits)


class Frozen(BaseModel):
    """Immutable, strictly typed, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Sections(Frozen):
    """Keys that hold further keys: one with nothing under it, or only comments, is not there."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        empty = [key for key in cls.model_fields if key in data and data[key] is None]
        return {key: value for key, value in data.items() if key not in empty}
