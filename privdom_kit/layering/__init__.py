"""User layering: who the customers are, by state, purchase, channel, value and time.

Start with ``base = summarise_customers(client)``; every question then takes the base and the
client's settings: ``measure_x(base, settings)``, ``plot_x(result)``, ``describe_x(result)``.
"""

from __future__ import annotations

from privdom_kit._lazy import lazy_names

# A module may not be named like one of its functions: importing it would hide the function here.
_MEASURES = {
    "measure_five_states": ("states", "layer_moves"),
    "measure_purchases": ("purchase_layers",),
    "measure_channels": ("channel_layers",),
    "measure_scores": ("rfm",),
    "measure_stages": ("life_stages",),
    "measure_cohorts": ("retention",),
    "measure_spread": ("concentration",),
    "measure_revenue": ("revenue_split",),
}
_VALUE = ("rfm", "concentration", "revenue_split")
_QUESTIONS = [question for questions in _MEASURES.values() for question in questions]

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "customers": ("CustomerBase", "summarise_customers"),
        **{m: [f"measure_{q}" for q in questions] for m, questions in _MEASURES.items()},
        "plot": [f"plot_{question}" for question in _QUESTIONS],
        "describe": [f"describe_{q}" for q in _QUESTIONS if q not in _VALUE],
        "describe_value": [f"describe_{q}" for q in _VALUE],
    },
)
