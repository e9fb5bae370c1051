"""facts.yml: the planted facts, each with size, unit, place and the way to recover it.

``planted`` sizes are constants of the plan; ``counted`` sizes are counted here, by brute force,
in the tables as they are written. ``naive`` is what the obvious wrong way gives.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..files import write_yaml
from . import plan
from .facts_add import add_facts
from .facts_next import next_facts
from .facts_sms import sms_facts

HEAD = "Written by sample_data/generate.py; do not edit. README.md says what the keys mean."


def write_facts(files: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write facts.yml into ``folder``."""
    facts = {**add_facts(files), **sms_facts(files), **next_facts(files)}
    head = {"brand": "颜序", "client": "new_beauty", "as_of": plan.AS_OF, "seed": plan.SEED}
    write_yaml({**head, "facts": facts}, folder / "facts.yml", HEAD)
