"""Thresholds of 03_journey_mapping."""

from __future__ import annotations

from typing import Literal

from privdom_kit.settings.base import HOUSE, Frozen, setting
from privdom_kit.settings.funnels import FunnelSettings


class JourneysSettings(Frozen):
    """03_journey_mapping."""

    # funnel, transitions
    funnel: FunnelSettings = setting(
        FunnelSettings(),
        "steps, order, windows, exclusions and ties of the funnel",
        unit="steps, days, events, choices",
        source=HOUSE,
        date="2026-11",
    )
    transition_node: Literal["touchpoint", "touchpoint_action"] = setting(
        "touchpoint",
        "what follows what: touchpoints, or what happened at them",
        unit="choice",
        source=HOUSE,
        date="2026-11",
    )
    transition_collapse: bool = setting(
        True,
        "count a run of the same node as one event, which begins with its first",
        unit="choice",
        source=HOUSE,
        date="2026-11",
    )
    transition_nodes: int = setting(
        10,
        "nodes that are told apart, the most frequent; the others count as one",
        unit="nodes",
        source=HOUSE,
        date="2026-11",
        ge=2,
        le=40,
    )
    transition_min_people: int = setting(
        30,
        "people who left a node below which its shares are not estimated or compared",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    transition_layer: str | None = setting(
        "membership",
        "touchpoint whose people, from when they were first met there, are held against the others",
        unit="name of a touchpoint",
        source=HOUSE,
        date="2026-11",
    )
    # paths, attribution, absorption
    attribution_days: int = setting(
        30,
        "days before an order within which a touch is on its path; other time is cut alike",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=365,
    )
    path_direction: Literal["both", "customer", "brand"] = setting(
        "both",
        "whose acts are steps of a path: what the brand sent, what people did, or both",
        unit="choice",
        source=HOUSE,
        date="2026-11",
    )
    path_touchpoints: int = setting(
        12,
        "touchpoints that paths tell apart, the most frequent; the others count as one",
        unit="touchpoints",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=40,
    )
    path_steps: int = setting(
        4,
        "steps of a path that are told apart (a repeated touchpoint is one step)",
        unit="steps",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=8,
    )
    path_end: Literal["last", "first"] = setting(
        "last",
        "which steps of a longer path are told apart",
        unit="choice",
        source=HOUSE,
        date="2026-11",
    )
    paths_shown: int = setting(
        12,
        "paths listed by how often they were gone, and by what they brought",
        unit="paths",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=100,
    )
    path_min_paths: int = setting(
        30,
        "times a path was gone below which its net revenue per path is not ranked",
        unit="paths",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    path_flow_touchpoints: int = setting(
        6,
        "touchpoints drawn in the flow to the order; the others count as one",
        unit="touchpoints",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=12,
    )
    attribution_removal: Literal["to_null", "renormalise"] = setting(
        "to_null",
        "what becomes of the people of a removed touchpoint: lost, or left out",
        unit="choice",
        source="Anderl et al., Int. J. of Research in Marketing 33 (2016)",
        date="2016",
    )
    attribution_first_share: float = setting(
        0.4,
        "credit of the first touch in the position model",
        unit="share of an order",
        source="google/fractribution",
        date="2022",
        ge=0,
        le=0.5,
    )
    attribution_last_share: float = setting(
        0.4,
        "credit of the last touch in the position model",
        unit="share of an order",
        source="google/fractribution",
        date="2022",
        ge=0,
        le=0.5,
    )
    attribution_half_life_days: float = setting(
        7.0,
        "days after which the credit of a touch has halved in the time-decay model",
        unit="days",
        source="Google Analytics, time decay model",
        date="2016",
        gt=0,
        le=365,
    )
    attribution_min_orders: int = setting(
        100,
        "orders with a touch below which no credit is judged",
        unit="orders",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    attribution_tolerance: float = setting(
        0.05,
        "difference between two models in the share of credit that does not matter",
        unit="share of credit",
        source=HOUSE,
        date="2026-11",
        ge=0,
        lt=1,
    )
    absorption_min_people: int = setting(
        50,
        "people who come to a touchpoint below which no chances are estimated from it",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    bootstrap_draws: int = setting(
        500,
        "resampled copies behind the intervals of chains",
        unit="draws",
        source=HOUSE,
        date="2026-11",
        ge=100,
        le=10000,
    )
    bootstrap_groups: int = setting(
        200,
        "groups of people, by a hash, that are resampled whole",
        unit="groups",
        source=HOUSE,
        date="2026-11",
        ge=20,
        le=2000,
    )
    bootstrap_seed: int = setting(
        20261122,
        "start of the random numbers that draw the copies",
        unit="number",
        source=HOUSE,
        date="2026-11",
        ge=0,
    )
    # stages, experience, pain points, service recovery
    stage_model: Literal["aipl", "aarrr", "deeplink", "recruit_to_praise"] = setting(
        "aipl",
        "stage model that the question stages answers by",
        unit="name of a stage model",
        source="article 001 (S043)",
        date="2024-05-24",
    )
    stage_days: int = setting(
        90,
        "days within which a person passes from one stage to the next",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    stage_period: Literal["month", "week"] = setting(
        "month",
        "calendar period in which people arrive in a stage together",
        unit="period",
        source=HOUSE,
        date="2026-11",
    )
    stage_recent_cohorts: int = setting(
        3,
        "latest cohorts of a stage that are held against the earlier ones",
        unit="cohorts",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    stage_recorded_share: float = setting(
        0.9,
        "share of all events whose tables have begun, from which on cohorts are compared",
        unit="share of events",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    stage_min_people: int = setting(
        100,
        "people in each group below which passing rates are not compared",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    stage_tolerance: float = setting(
        0.02,
        "change of a passing rate that does not matter",
        unit="share points (0.02 = 2 points)",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )
    stage_order: tuple[str, ...] = setting(
        (),
        "stages of responses, first to last; nothing means as forms.yml or the custom has it",
        unit="names of stages",
        source=HOUSE,
        date="2026-11",
        strict=False,
    )
    experience_min_people: int = setting(
        20,
        "people who answer at a stage below which its score is not compared",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=2,
    )
    experience_tolerance: float = setting(
        0.3,
        "drop of the mean score from one stage to the next that does not matter",
        unit="points of the scale -2 to 2",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=4,
    )
    pain_line: float = setting(
        0.1,
        "share of people asked from which on a pain point has to be dealt with",
        unit="share of people asked",
        source=HOUSE,
        date="2026-11",
        gt=0,
        lt=1,
    )
    pain_min_people: int = setting(
        30,
        "people asked at a stage below which its pain points are not judged",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    severity_low: float = setting(
        0.5,
        "severity of a case marked low",
        unit="severity, 0 to 2",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=2,
    )
    severity_medium: float = setting(
        1.0,
        "severity of a case marked medium",
        unit="severity, 0 to 2",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=2,
    )
    severity_high: float = setting(
        2.0,
        "severity of a case marked high",
        unit="severity, 0 to 2",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=2,
    )
    recovery_solve_days: int = setting(
        7,
        "days after a case was opened at which it counts as solved or not",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=365,
    )
    recovery_window_days: int = setting(
        90,
        "days after that within which the person buys again",
        unit="days",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=3650,
    )
    recovery_min_people: int = setting(
        30,
        "people in each group below which repeat rates are not compared",
        unit="people",
        source=HOUSE,
        date="2026-11",
        ge=1,
    )
    recovery_tolerance: float = setting(
        0.02,
        "difference of the repeat rates that does not matter",
        unit="share points (0.02 = 2 points)",
        source=HOUSE,
        date="2026-11",
        ge=0,
        le=1,
    )

    # all questions
    confidence_level: float = setting(
        0.95,
        "confidence of every interval of the journeys",
        unit="share",
        source=HOUSE,
        date="2026-11",
        gt=0.5,
        lt=1,
    )
    why_least: int = setting(
        4,
        "questions of five, answered yes with evidence, from which on a touchpoint has its reason",
        unit="questions",
        source=HOUSE,
        date="2026-11",
        ge=1,
        le=5,
    )
