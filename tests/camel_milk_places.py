"""Where the brand's files are, and the first moment behind its as_of."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

SAMPLES = Path(__file__).resolve().parents[1] / "sample_data"
BRAND = SAMPLES / "camel_milk"
END = pd.Timestamp("2026-06-01")
