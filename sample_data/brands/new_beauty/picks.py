"""Choosing so many people out of some, and moments after others."""

from __future__ import annotations

import numpy as np
import pandas as pd


def pick(
    rng: np.random.Generator, pool: np.ndarray, size: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """``size`` different entries of ``pool``; ``weights`` (of the pool) make some likelier."""
    noise = rng.gumbel(size=len(pool))
    score = noise if weights is None else np.log(weights) + noise
    return pool[np.argsort(-score, kind="stable")[:size]]


def after(
    rng: np.random.Generator, start: pd.Series, first: float, last: float, where: np.ndarray
) -> pd.Series:
    """``start`` plus so many seconds, evenly between two ends; no time where not ``where``."""
    seconds = rng.integers(int(first), int(last), len(start))
    return (start + pd.to_timedelta(seconds, unit="s")).where(where)


def known(*columns: pd.Series) -> np.ndarray:
    """Where any of the columns has a value."""
    return np.any([column.notna().to_numpy() for column in columns], axis=0)
