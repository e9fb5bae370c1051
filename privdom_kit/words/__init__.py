"""The words for names of the code, by topic. English; the catalogue has the Chinese.

A name stands in one topic only; what it means elsewhere, in one question, is in ``in_question``.
"""

from __future__ import annotations

from privdom_kit.words import (
    copy_plan,
    copy_readout,
    core,
    in_question,
    intake,
    journeys,
    layering,
    registers,
    touchpoints,
)

WORDS: dict[str, str] = (
    core.WORDS
    | intake.WORDS
    | layering.WORDS
    | touchpoints.WORDS
    | registers.WORDS
    | journeys.WORDS
    | copy_plan.WORDS
    | copy_readout.WORDS
    | in_question.WORDS
)
