"""Estimates with their uncertainty: the only modules that call statsmodels and scipy.stats.

Everything here works on counts and sums, never on a client's rows.
"""

from __future__ import annotations

from privdom_kit.estimates.always_valid import AlwaysValidInterval, always_valid_interval
from privdom_kit.estimates.basics import (
    Difference,
    DifferenceTest,
    Interval,
    Test,
    normal_critical,
    t_critical,
    t_p_value,
)
from privdom_kit.estimates.choices import (
    expected_loss,
    false_positive_risk,
    probability_best,
    probability_best_normal,
)
from privdom_kit.estimates.fieller import RatioInterval, fieller_interval
from privdom_kit.estimates.mean_differences import (
    adjusted_difference,
    mean_difference,
    ratio_difference,
)
from privdom_kit.estimates.means import mean_interval, paired_sums_ratio, welch_test
from privdom_kit.estimates.mixtures import mixture_distance, mixture_intervals, weighted_kappa
from privdom_kit.estimates.models import ClusterModel, mean_model, rate_model, robust_slopes
from privdom_kit.estimates.moments import Moments, PairedMoments, RatioMoments
from privdom_kit.estimates.multiplicity import (
    adjust_p_values,
    compatible_levels,
    many_to_one_critical,
)
from privdom_kit.estimates.proportions import (
    difference_interval,
    equality_test,
    paired_ratio,
    proportion_interval,
)
from privdom_kit.estimates.rates import RateComparison, compare_rates, newcomer_ratio
from privdom_kit.estimates.sample_sizes import (
    detectable_difference,
    power_proportions,
    sample_size_noninferiority,
    sample_size_proportions,
)
from privdom_kit.estimates.score_differences import noninferiority_test
from privdom_kit.estimates.sequential import (
    SequentialBounds,
    classical_bounds,
    crossing_probabilities,
    naive_false_positive,
    repeated_interval,
    sequential_bounds,
    sequential_p_value,
)
from privdom_kit.estimates.shrinkage import Shrinkage, ShrunkEstimate, shrink
from privdom_kit.estimates.strata import pooled_risk_difference, sample_ratio_test
from privdom_kit.estimates.survival import (
    SurvivalCurve,
    effective_counts,
    incidence_matrix,
    survival_curve,
)

__all__ = [
    "AlwaysValidInterval",
    "ClusterModel",
    "Difference",
    "DifferenceTest",
    "Interval",
    "Moments",
    "PairedMoments",
    "RateComparison",
    "RatioInterval",
    "RatioMoments",
    "SequentialBounds",
    "Shrinkage",
    "ShrunkEstimate",
    "SurvivalCurve",
    "Test",
    "adjust_p_values",
    "adjusted_difference",
    "always_valid_interval",
    "classical_bounds",
    "compare_rates",
    "compatible_levels",
    "crossing_probabilities",
    "detectable_difference",
    "difference_interval",
    "effective_counts",
    "equality_test",
    "expected_loss",
    "false_positive_risk",
    "fieller_interval",
    "incidence_matrix",
    "many_to_one_critical",
    "mean_difference",
    "mean_interval",
    "mean_model",
    "mixture_distance",
    "mixture_intervals",
    "naive_false_positive",
    "newcomer_ratio",
    "noninferiority_test",
    "normal_critical",
    "paired_ratio",
    "paired_sums_ratio",
    "pooled_risk_difference",
    "power_proportions",
    "probability_best",
    "probability_best_normal",
    "proportion_interval",
    "rate_model",
    "ratio_difference",
    "repeated_interval",
    "robust_slopes",
    "sample_ratio_test",
    "sample_size_noninferiority",
    "sample_size_proportions",
    "sequential_bounds",
    "sequential_p_value",
    "shrink",
    "survival_curve",
    "t_critical",
    "t_p_value",
    "weighted_kappa",
    "welch_test",
]
