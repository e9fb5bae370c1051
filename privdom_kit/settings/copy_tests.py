"""Thresholds of 04_copy_test_plan and 05_copy_test_readout."""

from __future__ import annotations

from privdom_kit.settings.base import HOUSE, Frozen, setting


class CopyTestsSettings(Frozen):
    """04_copy_test_plan and 05_copy_test_readout; what an arm is called holds in 02 and 03, too."""

    control_arms: tuple[str, ...] = setting(
        ("control", "holdout", "held_out", "对照", "对照组", "空白", "空白组"),
        "arms (or statuses) of a test to which nothing was sent, in lower case",
        unit="names of arms",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
