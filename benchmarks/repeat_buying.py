"""Fit of a million customers against the fit of its distinct rows, and against lifetimes.

Run: ``python benchmarks/repeat_buying.py``. With ``--peer PYTHON``, the interpreter of an
environment that has lifetimes 0.11.3, the same million customers are fitted there too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from privdom_kit.layering.repeat_buying import fit_repeat_buying
from privdom_kit.layering.spend import fit_spend
from privdom_kit.layering.value_discount import Discounting, expected_value
from privdom_kit.layering.value_inputs import read_histories, weighted_rows

CUSTOMERS = 1_000_000
PARAMS = {"r": 0.5, "alpha": 60.0, "a": 0.9, "b": 1.6}  # in days
REPEATS = 3
PEER = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
from lifetimes import ModifiedBetaGeoFitter
orders, last, age = np.load(sys.argv[1])
ModifiedBetaGeoFitter().fit(orders[:500], last[:500], age[:500])
start = time.perf_counter()
fit = ModifiedBetaGeoFitter().fit(orders, last, age)
print(json.dumps({"seconds": time.perf_counter() - start, "params": dict(fit.params_)}))
"""


def simulate(span: int, rng: np.random.Generator) -> np.ndarray:
    """Histories of MBG/NBD customers in whole days: orders, age at last, age."""
    rates = rng.gamma(PARAMS["r"], 1 / PARAMS["alpha"], CUSTOMERS)
    lifetime = rng.geometric(rng.beta(PARAMS["a"], PARAMS["b"], CUSTOMERS)) - 1
    age = rng.integers(30, span, CUSTOMERS).astype(float)
    arrivals = rng.poisson(rates * age)
    orders = np.minimum(arrivals, lifetime)
    last = np.ceil(rng.beta(np.maximum(orders, 1), arrivals - orders + 1) * age)
    return np.stack([orders.astype(float), np.where(orders > 0, last, 0.0), age])


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Best wall seconds of some repeats, and the answer."""
    best, answer = np.inf, None
    for _ in range(REPEATS):
        start = time.perf_counter()
        answer = call()
        best = min(best, time.perf_counter() - start)
    return best, answer


def compare_with_distinct_rows(name: str, histories: np.ndarray) -> float:
    """Seconds for all customers; prints them beside those for the distinct rows."""
    rows, counts = weighted_rows(read_histories(*histories), None)
    few, _ = timed(lambda: fit_repeat_buying(*rows, counts=counts))
    many, fit = timed(lambda: fit_repeat_buying(*histories))
    print(
        f"{name}: {fit.customers:,} customers {many:.3f} s, "
        f"{fit.distinct_rows:,} distinct rows {few:.3f} s, ratio {many / few:.2f} (bound 2)"
    )
    return many


def compare_with_peer(histories: np.ndarray, own_seconds: float, python: str) -> None:
    """Seconds and parameters of lifetimes on the same customers, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "histories.npy"
        np.save(path, histories)
        command = [python, "-c", PEER, str(path)]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    own = fit_repeat_buying(*histories).params
    gap = max(abs(answer["params"][name] / own[name] - 1) for name in own)
    print(
        f"lifetimes: {answer['seconds']:.1f} s, {answer['seconds'] / own_seconds:.0f} times ours "
        f"(bound 20), largest relative gap of a parameter {gap:.1e}"
    )


def time_values(histories: np.ndarray, rng: np.random.Generator) -> None:
    """A discounted value with its interval for each of a million customers."""
    orders = histories[0]
    mean = np.where(orders > 0, np.round(rng.gamma(4, 25, CUSTOMERS), 2), 0.0)
    repeat_buying, some = fit_repeat_buying(*histories), orders > 0
    seconds, spend = timed(lambda: fit_spend(orders[some][:100_000], mean[some][:100_000]))
    print(f"spend: 100,000 customers {seconds:.3f} s")
    rule = Discounting(0.10, 365.25)
    start = time.perf_counter()
    expected_value(repeat_buying, spend, 365, *histories, mean, discounting=rule)
    print(f"value with intervals: {CUSTOMERS:,} customers {time.perf_counter() - start:.1f} s")


def main() -> None:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="interpreter of an environment with lifetimes 0.11.3")
    peer = parser.parse_args().peer
    rng = np.random.default_rng(1)
    year, two_years = simulate(365, rng), simulate(730, rng)
    tiled = year[:, rng.integers(0, 2000, CUSTOMERS)]
    compare_with_distinct_rows("2,000 customers over and over", tiled)
    seconds = compare_with_distinct_rows("a year of days", year)
    compare_with_distinct_rows("two years of days", two_years)
    time_values(two_years, rng)
    if peer:
        compare_with_peer(year, seconds, peer)


if __name__ == "__main__":
    main()
