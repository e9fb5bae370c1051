"""Thresholds of 02_touchpoint_audit."""

from __future__ import annotations

from privdom_kit.settings.base import Frozen


class TouchpointsSettings(Frozen):
    """02_touchpoint_audit."""
