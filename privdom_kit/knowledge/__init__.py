"""What is known, with source and date: methods, benchmarks, rules, and the fixed questions."""

from privdom_kit.knowledge.benchmarks import (
    Benchmark,
    DisplayRule,
    UnknownMetric,
    load_benchmarks,
    load_display_rule,
    load_unknown_metrics,
)
from privdom_kit.knowledge.loading import KnowledgeError
from privdom_kit.knowledge.methods import (
    Article,
    Method,
    find_method,
    load_articles,
    load_methods,
    render_catalogue,
    render_method,
)
from privdom_kit.knowledge.questions import PLAYBOOKS, TITLES
from privdom_kit.knowledge.rules import Rule, load_rules

__all__ = [
    "PLAYBOOKS",
    "TITLES",
    "Article",
    "Benchmark",
    "DisplayRule",
    "KnowledgeError",
    "Method",
    "Rule",
    "UnknownMetric",
    "find_method",
    "load_articles",
    "load_benchmarks",
    "load_display_rule",
    "load_methods",
    "load_rules",
    "load_unknown_metrics",
    "render_catalogue",
    "render_method",
]
