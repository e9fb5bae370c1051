"""How playbooks run and reports are laid out."""

from __future__ import annotations

from privdom_kit.settings.base import HOUSE, Frozen, setting


class ReportSettings(Frozen):
    """How reports are laid out."""


class RunSettings(Frozen):
    """Running playbooks."""

    timeout_seconds: int = setting(
        1800,
        "seconds that one playbook may take before it is stopped",
        unit="seconds",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=86400,
    )
    memory_mb: int = setting(
        1200,
        "memory that the engine of one playbook may take before it spills beside the client",
        unit="megabytes",
        source=HOUSE,
        date="2026-11",
        ge=256,
    )
    kernel_start_seconds: int = setting(
        120,
        "seconds that a notebook kernel may take to start",
        unit="seconds",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3600,
    )
