"""Write the files of a sample brand: ``python sample_data/generate.py camel_milk``."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BRANDS = ("camel_milk", "ev_scooter", "new_beauty")


def main(arguments: list[str] | None = None) -> int:
    """Write the named brands below ``--out`` (default: beside this file)."""
    parser = argparse.ArgumentParser(description="Write the files of sample brands.")
    parser.add_argument("brand", nargs="+", choices=BRANDS)
    parser.add_argument("--out", type=Path, default=HERE, help="folder that gets <brand>/")
    options = parser.parse_args(arguments)
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    for brand in options.brand:
        importlib.import_module(f"brands.{brand}").write(options.out / brand)
        print(options.out / brand)
    return 0


if __name__ == "__main__":
    sys.exit(main())
