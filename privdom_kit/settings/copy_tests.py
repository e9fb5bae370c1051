"""Thresholds of 04_copy_test_plan and 05_copy_test_readout."""

from __future__ import annotations

from typing import Literal

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
    either_control_arms: tuple[str, ...] = setting(
        ("control", "对照", "对照组"),
        "those of control_arms that may as well mean the copy in use: what was sent tells",
        unit="names of arms",
        source=HOUSE,
        date="2026-12",
        strict=False,
    )
    sent_control_share: float = setting(
        0.5,
        "share of such an arm's rows with a delivery, a connected call or a cost from which on it "
        "is read as the copy in use",
        unit="share of rows",
        source=HOUSE,
        date="2026-12",
        gt=0,
        le=1,
    )
    confidence_level: float = setting(
        0.95,
        "level of intervals; one less it is the chance of a false claim that is allowed",
        unit="probability",
        source=HOUSE,
        date="2026-11",
        gt=0.5,
        lt=1,
    )
    power: float = setting(
        0.8,
        "chance with which a test is to find the difference it is planned for",
        unit="probability",
        source="Cohen, Statistical Power Analysis (1988)",
        date="1988",
        gt=0.5,
        lt=1,
    )
    correction: Literal["holm", "hochberg", "bonferroni", "fdr_bh"] = setting(
        "holm",
        "correction of p-values for the number of arms",
        unit="method",
        source="S211; Holm, Scand. J. Statistics 6 (1979)",
        date="2022",
    )
    sample_size_formula: Literal["pooled", "unpooled", "baseline", "arcsine"] = setting(
        "unpooled",
        "formula of sample sizes of shares; it is named beside each size",
        unit="formula",
        source=HOUSE,
        date="2026-12",
    )
    report_hours: int = setting(
        72,
        "delivery reports can come so late; younger sends are not closed",
        unit="hours",
        source="Huawei's delivery reports (export_fields, section 9)",
        date="2025",
        ge=0,
        le=720,
    )
    window_days: int = setting(
        7,
        "clicks, adds, orders, opt-outs and complaints count so long after the first send",
        unit="days",
        source=HOUSE,
        date="2026-12",
        ge=1,
        le=180,
    )
    kept_days: int = setting(
        7,
        "a friend is kept who has not removed the brand so long after adding",
        unit="days",
        source="S118",
        date="2022",
        ge=1,
        le=180,
    )
    talk_seconds: float = setting(
        5.0,
        "a call counts as connected from that much talk on (voice-mail and assistants hang up)",
        unit="seconds",
        source=HOUSE,
        date="2026-12",
        ge=0,
        le=600,
    )
    covariate_days: int = setting(
        90,
        "spend in the days before the send that adjusts the spend after it",
        unit="days",
        source="Deng, Xu, Kohavi and Walker, WSDM (2013)",
        date="2013",
        ge=1,
        le=730,
    )
    ratio_alarm: float = setting(
        0.001,
        "p-value of the sample ratio below which a test is broken",
        unit="probability",
        source="Fabijan et al., KDD (2019): values below 0.0005 to 0.01 are in use",
        date="2019",
        gt=0,
        lt=0.1,
    )
    two_arms_share: float = setting(
        0.005,
        "share of people in two arms of a test above which it is broken",
        unit="share of people",
        source=HOUSE,
        date="2026-12",
        ge=0,
        le=1,
    )
    missing_reports_share: float = setting(
        0.05,
        "difference between arms in people without any report above which a test is in doubt",
        unit="share of people",
        source=HOUSE,
        date="2026-12",
        ge=0,
        le=1,
    )
    guardrail_margin: float = setting(
        0.002,
        "rise of opt-outs, complaints or removals that is put up with, where the plan names none",
        unit="share of people sent to",
        source=HOUSE,
        date="2026-12",
        gt=0,
        lt=0.5,
    )
    least_people: int = setting(
        100,
        "people an arm (or a crowd) needs before it is compared at all",
        unit="people",
        source=HOUSE,
        date="2026-12",
        ge=2,
    )
    least_events: int = setting(
        10,
        "people with the outcome, over both arms, before a difference is judged",
        unit="people",
        source=HOUSE,
        date="2026-12",
        ge=1,
    )
    prior_win: float = setting(
        0.2,
        "share of copy ideas that work, before a test; for the risk that a win is false",
        unit="probability",
        source="Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments (2020): 10 to 33 %",
        date="2020",
        gt=0,
        lt=1,
    )
    loss_limit: float = setting(
        0.0005,
        "expected loss of the primary metric below which either copy may be taken",
        unit="share of people sent to",
        source=HOUSE,
        date="2026-12",
        gt=0,
        lt=0.1,
    )
    tuning_people: int = setting(
        5000,
        "number of people at which the always-valid interval is tightest",
        unit="people of both arms",
        source="GrowthBook, documentation of sequential testing",
        date="2023",
        ge=10,
    )
    frequency_days: int = setting(
        7,
        "days in which the cap of messages and calls counts",
        unit="days",
        source="rules SMS-15, CALL-04",
        date="2026-12",
        ge=1,
        le=90,
    )
    sms_cap: int = setting(
        1,
        "text messages a person may get in those days, this test's among them",
        unit="messages",
        source="rule SMS-15: house cap 1 per 7 days",
        date="2026-12",
        ge=1,
    )
    call_cap: int = setting(
        2,
        "calls a person may get in those days, this test's attempts among them",
        unit="calls",
        source="rule CALL-04: house default 2 attempts per 7 days",
        date="2026-12",
        ge=1,
    )
    entry_code_characters: int = setting(
        30,
        "longest entry code (state) that WeCom takes, in ASCII characters",
        unit="characters",
        source="WeCom 联系我 (export_fields, section 3)",
        date="2023",
        ge=8,
        le=64,
    )
    short_share: float = setting(
        0.02,
        "people of a crowd and arm short of the plan, as share of those planned, that is let pass",
        unit="share of people",
        source=HOUSE,
        date="2026-12",
        ge=0,
        lt=1,
    )
    send_spread_hours: int = setting(
        2,
        "sends may begin within so many hours from the planned hour on and still be as planned",
        unit="hours",
        source=HOUSE,
        date="2026-12",
        ge=1,
        le=24,
    )
    variable_characters: int = setting(
        8,
        "characters that a variable of a text message is taken to be filled with at most; at least "
        "it is filled with one",
        unit="characters",
        source=HOUSE,
        date="2026-12",
        ge=1,
        le=70,
    )
    spending_gain: float = setting(
        0.05,
        "profit of the best order of crowds over spending evenly, as share of it, that matters",
        unit="share of the plan's profit",
        source=HOUSE,
        date="2026-12",
        ge=0,
        le=1,
    )
    draws: int = setting(
        4000,
        "draws behind figures that have no closed form",
        unit="draws",
        source=HOUSE,
        date="2026-12",
        ge=200,
        le=1_000_000,
    )
