"""Thresholds of reading, stitching and privacy."""

from __future__ import annotations

from privdom_kit.settings.base import HOUSE, Frozen, setting


class IntakeSettings(Frozen):
    """Reading and checking the exports."""

    max_bad_share: float = setting(
        0.05,
        "share of quarantined rows in a table above which the run stops",
        unit="share of rows",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )

    watch_bad_share: float = setting(
        0.01,
        "share of quarantined rows in a table above which the tables are to be watched",
        unit="share of rows",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    fresh_days: int = setting(
        7,
        "days between a table's last row and as_of above which it is called late",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    gap_share: float = setting(
        0.5,
        "share of a table's days without any row above which it is called gappy",
        unit="share of days",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    person_share_act: float = setting(
        0.5,
        "share of rows that name a person below which questions about people lose their base",
        unit="share of rows",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    memory_mb: int = setting(
        1500,
        "memory that reading may take before it spills into a private folder beside the client",
        unit="megabytes",
        source=HOUSE,
        date="2026-11",
        ge=256,
    )
    xlsx_max_mb: int = setting(
        1024,
        "size to which a workbook may unpack; a bigger one is refused before it is read",
        unit="megabytes",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    by_hand_contacts: int = setting(
        500,
        "people with a contact up to whom work by hand carries",
        unit="people",
        source="article 004 (S194: some hundreds; the number is a house reading)",
        date="2020",
        ge=0,
    )
    few_accounts_contacts: int = setting(
        10_000,
        "people with a contact up to whom a few accounts carry; above, a compliant tool",
        unit="people",
        source="article 004 (S194)",
        date="2020",
        ge=0,
    )


class IdentitySettings(Frozen):
    """Stitching identifiers into people."""

    max_people_per_value: int = setting(
        5,
        "people on whom one identifier value may stand before it stops joining them",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    max_cluster: int = setting(
        50,
        "identifiers that one person may gather before the stitch is reported as suspect",
        unit="identifier values",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )


class PrivacySettings(Frozen):
    """What may be shown."""

    min_cell: int = setting(
        10,
        "people below which a cell is suppressed in tables and charts",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
