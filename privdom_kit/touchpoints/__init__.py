"""Touchpoint audit: what each touchpoint is for, what it does, and what it costs in relations.

Start with ``base = touchpoints.read_base(client)``; every question then takes the base and the
client's settings: ``measure_x(base, settings)``, ``plot_x(result)``, ``describe_x(result)``.
"""

from __future__ import annotations

from privdom_kit._lazy import lazy_names

# A module may not be named like one of its functions: importing it would hide the function here.
_MEASURES = {
    "churn": "measure_relation_ends",
    "send_churn": "measure_sends",
    "vanity": "measure_stocks",
    "push_pressure": "measure_dose",
    "fatigue": "measure_exposure",
    "catalogue": "measure_register",
    "roles": "measure_duties",
    "copy_rules": "measure_texts",
    "benefits": "measure_parity",
    "member_system": "measure_membership",
    "content_mix": "measure_content",
    "group_health": "measure_groups",
    "staff_capacity": "measure_workload",
    "combinations": "measure_sets",
}
# Questions by the module that draws them and the one that words them.
_SHOWN = {
    "relations": (
        "churn",
        "send_churn",
        "vanity",
    ),
    "pressure": (
        "push_pressure",
        "fatigue",
    ),
    "registers": (
        "catalogue",
        "roles",
        "copy_rules",
    ),
    "rubrics": (
        "benefits",
        "member_system",
    ),
    "service": (
        "content_mix",
        "group_health",
        "staff_capacity",
        "combinations",
    ),
}

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "privdom_kit.base": ("read_base",),
        **{module: [f"measure_{question}"] for question, module in _MEASURES.items()},
        **{f"plot_{area}": [f"plot_{q}" for q in asked] for area, asked in _SHOWN.items()},
        **{f"describe_{area}": [f"describe_{q}" for q in asked] for area, asked in _SHOWN.items()},
    },
)
