"""Estimates with their uncertainty: the only modules that call statsmodels and scipy.stats.

Everything here works on counts and sums, never on a client's rows.
"""

from __future__ import annotations

from privdom_kit.estimates.basics import Interval, Test, normal_critical, t_critical, t_p_value
from privdom_kit.estimates.means import mean_interval, paired_sums_ratio, welch_test
from privdom_kit.estimates.mixtures import mixture_distance, mixture_intervals, weighted_kappa
from privdom_kit.estimates.models import ClusterModel, mean_model, rate_model, robust_slopes
from privdom_kit.estimates.multiplicity import adjust_p_values
from privdom_kit.estimates.proportions import (
    difference_interval,
    equality_test,
    paired_ratio,
    proportion_interval,
)
from privdom_kit.estimates.rates import RateComparison, compare_rates, newcomer_ratio
from privdom_kit.estimates.survival import (
    SurvivalCurve,
    effective_counts,
    incidence_matrix,
    survival_curve,
)

__all__ = [
    "ClusterModel",
    "Interval",
    "RateComparison",
    "SurvivalCurve",
    "Test",
    "adjust_p_values",
    "compare_rates",
    "difference_interval",
    "effective_counts",
    "equality_test",
    "incidence_matrix",
    "mean_interval",
    "mean_model",
    "mixture_distance",
    "mixture_intervals",
    "newcomer_ratio",
    "normal_critical",
    "paired_ratio",
    "paired_sums_ratio",
    "proportion_interval",
    "rate_model",
    "robust_slopes",
    "survival_curve",
    "t_critical",
    "t_p_value",
    "weighted_kappa",
    "welch_test",
]
