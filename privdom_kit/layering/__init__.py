"""User layering: who the customers are, by state, purchase, channel, value and time.

Start with ``base = summarise_customers(client)``; every question then takes the base and the
client's settings: ``measure_x(base, settings)``, ``plot_x(result)``, ``describe_x(result)``.
``write_audiences`` writes the lists; ``fit_repeat_buying`` and ``fit_spend`` fit the models of
customer value to histories of your own.
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
# Questions whose charts and words are in modules of their own.
_WORTH = {
    "measure_timing": "next_order",
    "measure_worth": "customer_value",
    "measure_tiers": "relationship_tiers",
    "measure_contributions": "contribution",
    "measure_lists": "audiences",
}
_WORDED_WITH_VALUE = ("next_order", "customer_value")
_QUESTIONS = [question for questions in _MEASURES.values() for question in questions]

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "customers": ("CustomerBase", "summarise_customers"),
        **{m: [f"measure_{q}" for q in questions] for m, questions in _MEASURES.items()},
        "plot": [f"plot_{question}" for question in _QUESTIONS],
        "describe": [f"describe_{q}" for q in _QUESTIONS if q not in _VALUE],
        "describe_value": [f"describe_{q}" for q in _VALUE],
        **{m: [f"measure_{q}"] for m, q in _WORTH.items()},
        "plot_worth": [f"plot_{q}" for q in _WORTH.values()],
        "describe_worth": [f"describe_{q}" for q in _WORDED_WITH_VALUE],
        "describe_lists": [f"describe_{q}" for q in _WORTH.values() if q not in _WORDED_WITH_VALUE],
        "audience_files": ("write_audiences",),
        "repeat_buying": ("fit_repeat_buying",),
        "spend": ("fit_spend",),
    },
)
