"""What the funnel of 03_journey_mapping counts: ``settings.journeys.funnel``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from privdom_kit.settings.base import HOUSE, Frozen, setting


class FunnelStep(Frozen):
    """A step: events of a touchpoint, of an action, or of both; one left out means any."""

    name: str = Field(min_length=1, max_length=60)
    touchpoint: str | None = None
    action: str | None = None
    within_days: float | None = Field(default=None, gt=0, le=3650)


class FunnelExclusion(Frozen):
    """Events that may not occur between two steps (by name; first and last if left out).

    A text stands for an action, or for ``touchpoint.action``.
    """

    touchpoint: str | None = None
    action: str | None = None
    from_step: str | None = None
    to_step: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_text(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        touchpoint, _, action = data.rpartition(".")
        return {"touchpoint": touchpoint or None, "action": action}

    @model_validator(mode="after")
    def _names_something(self) -> FunnelExclusion:
        if self.touchpoint is None and self.action is None:
            raise ValueError("an exclusion names a touchpoint, an action or both")
        return self


class FunnelSettings(Frozen):
    """The funnel of the question ``funnel``."""

    steps: tuple[FunnelStep, ...] = setting(
        (),
        "steps in order; none means the house's: added (else subscribed, else registered), a click "
        "or visit where there are any, an order, a second order",
        unit="steps",
        source=HOUSE,
        date="2026-11",
        strict=False,
        max_length=15,
    )
    order: Literal["ordered", "strict", "unordered"] = setting(
        "ordered",
        "ordered: one after the other; strict: no other step's event between; unordered: any order",
        unit="choice",
        source=HOUSE,
        date="2026-11",
    )
    window_days: float | None = setting(
        None,
        "most days from the first step to the last; none means any",
        unit="days",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=3650,
    )
    exclude: tuple[FunnelExclusion, ...] = setting(
        (),
        "events that may not occur between steps",
        unit="events",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    ties: Literal["in_order", "strict"] = setting(
        "in_order",
        "in_order: events of one second count as in order; strict: each step has to be later",
        unit="choice",
        source=HOUSE,
        date="2026-11",
    )
    horizon_days: float = setting(
        90.0,
        "days within which a step is judged where neither it nor the funnel has a window",
        unit="days",
        source=HOUSE,
        date="2026-11",
        gt=0,
        le=3650,
    )
    min_people: int = setting(
        50,
        "people at a step below which the way to the next is not judged",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    layer: str | None = setting(
        "membership",
        "touchpoint whose people, met before or at step 1, are held against the others; or none",
        unit="name of a touchpoint",
        source=HOUSE,
        date="2026-11",
    )
