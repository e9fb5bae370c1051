"""Intake: the one door through which a client's data enter, checked and without raw identifiers.

prepare      files -> stored tables beside the client, once
write_check  what was missing, wrong or unusable, as JSON
"""

from privdom_kit.intake.check import write_check
from privdom_kit.intake.prepare import Prepared, UnusableData, prepare

__all__ = ["Prepared", "UnusableData", "prepare", "write_check"]
