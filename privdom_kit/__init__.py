"""privdom: playbooks that diagnose a brand's private domain.

open_playbook   what a notebook opens first: the client, and the way to show a finding
intake          what the client's exports can carry (playbook 00)
layering        who the customers are, what they are worth, whom the brand loses (playbook 01)
touchpoints     what each touchpoint is for, does and costs (playbook 02)
journeys        the ways people take, where they stop, what moved them (playbook 03)
estimates       intervals, tests and curves from counts
knowledge       methods, benchmarks and rules with their sources

Importing the package loads none of them: each name is imported when it is first asked for.
"""

import importlib
from typing import Any

_MODULES = ("estimates", "intake", "journeys", "knowledge", "layering", "touchpoints")
__all__ = [*_MODULES, "open_playbook"]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"privdom_kit.{name}")
    if name == "open_playbook":
        return importlib.import_module("privdom_kit.session").open_playbook
    raise AttributeError(f"module 'privdom_kit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
