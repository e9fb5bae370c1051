"""facts.yml: the planted facts, each with size, unit, place and the way to recover it.

``planted`` sizes are constants of the plan; ``counted`` sizes are counted here, by brute force,
in the true tables. Every fact says what an estimator may miss it by (``tolerance``).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..files import write_yaml
from . import plan
from .facts_buying import buying_facts
from .facts_friends import friends_facts
from .facts_upkeep import upkeep_facts
from .world import World

HEAD = "Written by sample_data/generate.py; do not edit. README.md says what the keys mean."


def write_facts(world: World, files: dict[str, pd.DataFrame], folder: Path) -> None:
    """Write facts.yml into ``folder``."""
    facts = {**friends_facts(world), **buying_facts(world), **upkeep_facts(world, files)}
    head = {"brand": "跃途电动", "client": "ev_scooter", "as_of": plan.AS_OF, "seed": plan.SEED}
    write_yaml({**head, "facts": facts}, folder / "facts.yml", HEAD)
