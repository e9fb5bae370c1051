"""Contents, groups, staff and combinations in words: each in its own module."""

from __future__ import annotations

from privdom_kit.touchpoints.describe_contents import describe_content_mix
from privdom_kit.touchpoints.describe_groups import describe_group_health
from privdom_kit.touchpoints.describe_sets import describe_combinations
from privdom_kit.touchpoints.describe_workload import describe_staff_capacity

__all__ = [
    "describe_combinations",
    "describe_content_mix",
    "describe_group_health",
    "describe_staff_capacity",
]
