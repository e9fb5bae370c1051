"""Playbooks and their questions: the fixed names that results, methods and reports share."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Questions of each playbook, in the order in which the playbook answers them.
PLAYBOOKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "00_intake": ("tables", "identity", "coverage", "consent", "systems"),
        "01_user_layering": (
            "states",
            "purchase_layers",
            "channel_layers",
            "life_stages",
            "rfm",
            "relationship_tiers",
            "retention",
            "next_order",
            "customer_value",
            "revenue_split",
            "contribution",
            "concentration",
            "layer_moves",
            "audiences",
        ),
        "02_touchpoint_audit": (
            "catalogue",
            "roles",
            "vanity",
            "churn",
            "push_pressure",
            "send_churn",
            "fatigue",
            "content_mix",
            "group_health",
            "staff_capacity",
            "benefits",
            "member_system",
            "combinations",
            "copy_rules",
        ),
        "03_journey_mapping": (
            "stages",
            "funnel",
            "transitions",
            "paths",
            "attribution",
            "absorption",
            "experience",
            "pain_points",
            "service_recovery",
            "why_checklist",
        ),
        "04_copy_test_plan": (
            "copy_lint",
            "hypotheses",
            "sample_size",
            "assignment",
            "budget",
        ),
        "05_copy_test_readout": (
            "health",
            "funnel",
            "arms",
            "crowds",
            "crowd_priority",
            "cost_per_friend",
            "guardrails",
            "decision",
            "sequence",
        ),
        "06_link_reconstruction": (
            "link_map",
            "channels",
            "entry_codes",
            "bottlenecks",
            "step_removal",
            "scenarios",
            "plan",
            "pool",
            "leads",
            "leakage",
            "combinations",
        ),
        "07_growth_plan": (
            "direction",
            "stage_gate",
            "north_star",
            "goal_split",
            "quality_adjusted_growth",
            "fission",
            "fake_growth",
            "calendar",
            "sub_scenes",
            "four_forces",
            "readiness",
            "roadmap",
        ),
        "08_summary": ("scorecard", "findings", "actions"),
    }
)

#: Title of each playbook by language.
TITLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "00_intake": {"en": "What the data can carry", "zh": "数据能支撑什么"},
        "01_user_layering": {"en": "User layering", "zh": "用户分层"},
        "02_touchpoint_audit": {"en": "Touchpoint audit", "zh": "触点盘点"},
        "03_journey_mapping": {"en": "Journey mapping", "zh": "用户旅程梳理"},
        "04_copy_test_plan": {"en": "Copy test plan", "zh": "文案测试方案"},
        "05_copy_test_readout": {"en": "Copy test readout", "zh": "文案测试解读"},
        "06_link_reconstruction": {"en": "Link reconstruction", "zh": "链路重构"},
        "07_growth_plan": {"en": "Growth plan", "zh": "增长规划"},
        "08_summary": {"en": "Summary", "zh": "总览"},
    }
)
