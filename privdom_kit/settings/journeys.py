"""Thresholds of 03_journey_mapping."""

from __future__ import annotations

from privdom_kit.settings.base import Frozen


class JourneysSettings(Frozen):
    """03_journey_mapping."""
