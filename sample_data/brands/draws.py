"""Seeded draws that hit their planted size.

Shares and medians are drawn by quota: exactly the planted share of a group is flagged, and a
lognormal sample takes one value from each equal slice of the distribution, in random order. What
remains random is who gets which value, so an estimator sees the planted size with little noise.
"""

from __future__ import annotations

import zlib

import numpy as np
import pandas as pd
from scipy.special import ndtri

_ALPHABET = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"))


def stream(seed: int, name: str) -> np.random.Generator:
    """An own generator for each purpose, so that a change in one leaves the others alone."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def quota_flags(rng: np.random.Generator, size: int, share: float) -> np.ndarray:
    """``size`` flags, of which round(share * size) are true, in random order."""
    return rng.permutation(size) < round(share * size)


def quota_choice(rng: np.random.Generator, size: int, shares: dict[str, float]) -> np.ndarray:
    """``size`` names in random order, each as often as its share says, to within one."""
    edges = np.round(np.cumsum(list(shares.values())) / sum(shares.values()) * size).astype(int)
    names = np.repeat(list(shares), np.diff(edges, prepend=0)).astype(object)
    return rng.permutation(names)


def quota_lognormal(rng: np.random.Generator, size: int, median: float, sigma: float) -> np.ndarray:
    """``size`` values, one from the middle of each equal slice of the lognormal."""
    ranks = (rng.permutation(size) + 0.5) / max(size, 1)
    return median * np.exp(sigma * ndtri(ranks))


def random_ids(rng: np.random.Generator, prefix: str, size: int, length: int) -> np.ndarray:
    """``size`` different identifiers: the prefix and ``length`` letters and digits."""
    letters = _ALPHABET[rng.integers(0, len(_ALPHABET), (size, length))]
    ids = np.array([prefix + "".join(row) for row in letters], dtype=object)
    if len(set(ids)) < size:
        raise ValueError(f"{prefix}: identifiers collided; make them longer")
    return ids


def opening_seconds(rng: np.random.Generator, size: int, first: int = 8, last: int = 22):
    """Seconds of the day between two hours."""
    return rng.integers(first * 3600, last * 3600, size)


def moments(origin: str, days: np.ndarray, seconds: np.ndarray) -> pd.Series:
    """Naive local times from days since ``origin`` and seconds of the day; day -1 is no time."""
    days = np.asarray(days, dtype="int64")
    times = pd.Timestamp(origin).to_datetime64().astype("datetime64[s]")
    values = times + (days * 86_400 + np.asarray(seconds, dtype="int64")).astype("timedelta64[s]")
    return pd.Series(values).where(pd.Series(days >= 0))
