"""What the questions health, funnel and guardrails found, in words."""

from __future__ import annotations

from privdom_kit.copy_tests.describe_chain import describe_funnel
from privdom_kit.copy_tests.describe_harms import describe_guardrails
from privdom_kit.copy_tests.describe_runs import describe_health

__all__ = ["describe_funnel", "describe_guardrails", "describe_health"]
