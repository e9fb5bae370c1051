"""A brand in which nothing has an effect is told to act no oftener than the stated error rate.

Parent of the limits: the binomial distribution at 5 %, the complement of the confidence level that
every question uses. Questions that judge a level or a register, not an effect, are left out: they
may rightly call for action in any brand.
"""

from collections import Counter

import client_tables
import pytest
from null_brand import END, null_brand

from privdom_kit import journeys, touchpoints
from privdom_kit.engine import closing, connect
from privdom_kit.results import Verdict

EFFECTS = {
    touchpoints: (
        *("roles", "churn", "push_pressure", "send_churn", "fatigue", "content_mix"),
        *("group_health", "combinations"),
    ),
    journeys: (
        *("stages", "funnel", "transitions", "paths", "attribution", "absorption"),
        *("experience", "service_recovery"),
    ),
}
BRANDS = 10
MOST_OF_ONE = 4  # of BRANDS at 5 %: more come by chance once in 15,000
MOST_OF_ALL = 18  # of 160 at 5 %: more come by chance once in 1,000


@pytest.fixture(scope="module")
def verdicts():
    """Verdicts by question over all brands."""
    found = {question: Counter() for asked in EFFECTS.values() for question in asked}
    for seed in range(BRANDS):
        with closing(connect()) as connection:
            base, settings = client_tables.base(
                connection, null_brand(seed), END, economics={"gross_margin": 0.5}
            )
            for topic, asked in EFFECTS.items():
                for question in asked:
                    result = getattr(topic, f"measure_{question}")(base, settings)
                    found[question][result.verdict] += 1
    return found


def test_no_question_fires_oftener_than_its_error_rate(verdicts):
    acts = {question: seen[Verdict.ACT] for question, seen in verdicts.items()}
    assert max(acts.values()) <= MOST_OF_ONE, acts
    assert sum(acts.values()) <= MOST_OF_ALL, acts


def test_the_brand_is_large_enough_to_be_judged(verdicts):
    """A brand of which nothing can be said would pass the test above for nothing."""
    silent = (Verdict.NOT_MEASURED, Verdict.NOT_ENOUGH_DATA)
    judged = [q for q, seen in verdicts.items() if sum(seen[v] for v in silent) < BRANDS / 2]
    assert len(judged) >= len(verdicts) - 3, {q: dict(seen) for q, seen in verdicts.items()}
