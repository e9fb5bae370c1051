"""Copy tests: planned so that they can answer, read out so that they cannot mislead.

Start with ``base = copy_tests.read_copy_base(client)``; every question then takes the base and the
client's settings: ``measure_x(base, settings)``, ``plot_x(result)``, ``describe_x(result)``.
"""

from __future__ import annotations

from privdom_kit._lazy import lazy_names

# A module may not be named like one of its functions: importing it would hide the function here.
_MEASURES = {
    "copy_lint": "measure_lint",
    "hypotheses": "measure_plans",
    "sample_size": "measure_sizes",
    "assignment": "measure_split",
    "budget": "measure_costs",
    "health": "measure_checks",
    "funnel": "measure_chain",
    "arms": "measure_differences",
    "crowds": "measure_packs",
    "crowd_priority": "measure_spending",
    "cost_per_friend": "measure_friend_costs",
    "guardrails": "measure_harms",
    "decision": "measure_choice",
    "sequence": "measure_looks",
}
# Questions by the module that draws them and the one that words them.
_SHOWN = {
    "texts": ("copy_lint", "hypotheses"),
    "sizes": ("sample_size", "assignment", "budget"),
    "checks": ("health", "funnel", "guardrails"),
    "outcomes": ("arms", "decision", "sequence"),
    "packs": ("crowds", "crowd_priority", "cost_per_friend"),
}

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "start": ("read_copy_base",),
        "filed_plans": ("read_filed_plans",),
        "assignment_files": ("write_assignment", "file_plan"),
        **{module: [f"measure_{question}"] for question, module in _MEASURES.items()},
        **{f"plot_{area}": [f"plot_{q}" for q in asked] for area, asked in _SHOWN.items()},
        **{f"describe_{area}": [f"describe_{q}" for q in asked] for area, asked in _SHOWN.items()},
    },
)
