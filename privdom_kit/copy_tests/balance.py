"""Whether chance made like groups: what was known before, by arm, crowd by crowd, on sums alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def balance_table(sums: pd.DataFrame, name: str) -> pd.DataFrame:
    """How far apart the arms of each crowd are in an amount known before the send.

    Under a draw by lot the scatter of the arms' means, in units of the variance of all people of
    the crowd, is chi-squared with arms - 1 degrees of freedom (the large-sample form of the
    permutation test of E. J. G. Pitman, Biometrika 29, 1938).

    Args:
        sums: A row a test, crowd and arm: ``people, x_<name>, xx_<name>``.
        name: The amount.

    Returns:
        A row a test and crowd: ``test, crowd, people, arms, largest_gap`` (largest difference of
        an arm's mean from the crowd's, in standard deviations)``, statistic, p_value``; null where
        all people are alike or there is one arm only.
    """
    import numpy as np
    import pandas as pd
    from scipy.special import chdtrc

    rows = []
    for (test, crowd), cells in sums.groupby(["test", "crowd"], sort=False, dropna=False):
        n = cells["people"].to_numpy(dtype="float64")
        means = cells[f"x_{name}"].to_numpy(dtype="float64") / n
        people = n.sum()
        mean = float((n * means).sum() / people)
        spread = float(cells[f"xx_{name}"].sum()) - people * mean**2
        variance = spread / (people - 1) if people > 1 else 0.0
        row = {"test": test, "crowd": crowd, "people": int(people), "arms": len(cells)}
        if variance <= 1e-12 * max(mean**2, 1.0) or len(cells) < 2:
            rows.append(row | dict.fromkeys(("largest_gap", "statistic", "p_value")))
            continue
        gaps = (means - mean) / np.sqrt(variance)
        statistic = float((n * gaps**2).sum())
        rows.append(
            row
            | {
                "largest_gap": float(gaps[np.abs(gaps).argmax()]),
                "statistic": statistic,
                "p_value": float(chdtrc(len(cells) - 1, statistic)),
            }
        )
    columns = ["test", "crowd", "people", "arms", "largest_gap", "statistic", "p_value"]
    return pd.DataFrame(rows, columns=columns)
