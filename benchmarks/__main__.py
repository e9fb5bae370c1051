"""``make bench``: every comparison of this folder, one after the other."""

import importlib

BENCHMARKS = ("intake", "identity", "layering", "warm", "repeat_buying", "journeys", "copy_tests")

for name in BENCHMARKS:
    importlib.import_module(f"benchmarks.{name}").main()
