"""Journey mapping: the ways that people take, where they stop, and what moved them.

Start with ``base = journeys.read_base(client)``; every question then takes the base and the
client's settings: ``measure_x(base, settings)``, ``plot_x(result)``, ``describe_x(result)``.
``count_funnel``, ``count_transitions``, ``count_lifecycle``, ``count_retention``, ``absorb`` and
``credit_from_paths`` work on any events or paths of your own.
"""

from __future__ import annotations

from privdom_kit._lazy import lazy_names

# A module may not be named like one of its functions: importing it would hide the function here.
_MEASURES = {
    "funnel": "measure_conversion",
    "transitions": "measure_moves",
    "paths": "measure_routes",
    "attribution": "measure_credit",
    "absorption": "measure_chain",
    "stages": "measure_stage_scale",
    "experience": "measure_feelings",
    "pain_points": "measure_pains",
    "service_recovery": "measure_recovery",
    "why_checklist": "measure_reasons",
}
# Questions by the module that draws them and the one that words them.
_SHOWN = {
    "conversion": (
        "funnel",
        "transitions",
    ),
    "credit": (
        "paths",
        "attribution",
        "absorption",
    ),
    "stage_scale": ("stages",),
    "feelings": (
        "experience",
        "pain_points",
        "service_recovery",
    ),
    "reasons": ("why_checklist",),
}
_KERNELS = {
    "funnels": ("count_funnel",),
    "moves": ("count_transitions",),
    "lifecycles": ("count_lifecycle", "count_retention"),
    "chains": ("absorb",),
    "credits": ("credit_from_paths",),
}

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "privdom_kit.base": ("read_base",),
        **{module: [f"measure_{question}"] for question, module in _MEASURES.items()},
        **{f"plot_{area}": [f"plot_{q}" for q in asked] for area, asked in _SHOWN.items()},
        **{f"describe_{area}": [f"describe_{q}" for q in asked] for area, asked in _SHOWN.items()},
        "plot_map": ("plot_journey_map",),
        **_KERNELS,
    },
)
