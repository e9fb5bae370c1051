"""A real randomised test of 64,000 people, as a client folder, through plan and readout.

K. Hillstrom, MineThatData E-Mail Analytics Challenge (2008). Published: visit rates of 18.28 % with
the men's, 15.14 % with the women's and 10.62 % without an e-mail; men's less none .0766, 95 %
interval .0700 to .0832, z 22.49 (Miettinen-Nurminen or Wald: the same to four digits at this size).
"""

from contextlib import closing

import numpy as np
import pytest
import yaml
from hillstrom_files import FILE, people, write_hillstrom
from real_data import real_file
from scipy.stats import chisquare, ttest_ind

from privdom_kit import copy_tests
from privdom_kit.client import open_client
from privdom_kit.config import read_config
from privdom_kit.estimates import difference_interval
from privdom_kit.results import Verdict


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    real_file(FILE)
    client = open_client(read_config(write_hillstrom(tmp_path_factory.mktemp("hillstrom"))))
    yield copy_tests.read_copy_base(client), client.settings
    client.close()


def ask(opened, question):
    return getattr(copy_tests, f"measure_{question}")(*opened)


def row(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_it_was_run_as_a_test(opened):
    """The split is that of thirds: the same p as scipy's chi-squared; nobody is in two arms."""
    health = ask(opened, "health")
    ratio = row(health.table, check="sample_ratio")
    assert ratio["status"] == "ok"
    counts = people()["arm"].value_counts()
    assert ratio["p_value"] == pytest.approx(chisquare(counts).pvalue)
    assert not health.table["status"].eq("failed").any()


@pytest.mark.parametrize(("arm", "rate"), [("mens", 0.1828), ("womens", 0.1514)])
def test_visit_rates_are_the_published_ones(opened, arm, rate):
    found = row(ask(opened, "arms").table, arm=arm, outcome="clicked")
    assert round(found["rate"], 4) == rate
    assert round(found["reference_rate"], 4) == 0.1062


def test_mens_less_none_is_the_published_difference(opened):
    """The table's interval is corrected for two arms; Newcombe's beside it at 95 % is published."""
    result = ask(opened, "arms")
    found = row(result.table, arm="mens", outcome="clicked")
    assert round(found["difference"], 4) == 0.0766
    assert found["z"] == pytest.approx(22.49, abs=0.01)
    counts = [
        int(found[n])
        for n in ("with_outcome", "people", "reference_with_outcome", "reference_people")
    ]
    for method in ("newcombe", "miettinen_nurminen"):
        plain = difference_interval(*counts, method=method)
        assert (round(plain.lower, 4), round(plain.upper, 4)) == (0.0700, 0.0832)
    assert found["newcombe_difference_ci_lower"] < plain.lower
    assert found["newcombe_difference_ci_upper"] > plain.upper
    assert found["is_better"]
    assert result.verdict is Verdict.ACT


def test_spend_is_welchs_and_adjusts_for_the_year_before(opened):
    """Against scipy's Welch test, and against CUPED by numpy on the two groups' own rows."""
    rows = people()
    after = {arm: rows.loc[rows["arm"] == arm, "spend"] for arm in ("mens", "no_email")}
    before = {arm: rows.loc[rows["arm"] == arm, "history"] for arm in after}
    found = row(ask(opened, "arms").tables["money"], arm="mens")
    welch = ttest_ind(after["mens"], after["no_email"], equal_var=False)
    assert found["value_difference"] == pytest.approx(
        after["mens"].mean() - after["no_email"].mean()
    )
    assert found["p_value"] == pytest.approx(welch.pvalue, rel=1e-6)
    pooled = np.cov(np.concatenate(list(after.values())), np.concatenate(list(before.values())))
    theta = pooled[0, 1] / pooled[1, 1]
    adjusted = [(after[a] - theta * before[a]).mean() for a in ("mens", "no_email")]
    assert found["adjusted_difference"] == pytest.approx(adjusted[0] - adjusted[1], rel=1e-6)


def test_before_the_send_the_plan_says_what_it_can_tell(tmp_path):
    """Sizes by Chow, Shao and Wang's formula, by hand, for two arms against nobody sent to.

    (2.2414 + .8416)^2 x (.106 x .894 + .116 x .884) / .01^2 = 18,754.6 an arm, x 3 = 56,265; there
    are 64,000. Neither crowd of some 32,000 can tell by itself.
    """
    config = read_config(write_hillstrom(tmp_path), as_of="2026-05-03")
    with closing(open_client(config)) as client:
        result = copy_tests.measure_sample_size(copy_tests.read_copy_base(client), client.settings)
    table = result.table.set_index("scope")
    assert table.loc["all_crowds", "needed_control_people"] == 18_755
    assert table.loc["all_crowds", "needed_people"] == 56_265
    assert table["can_detect"].tolist() == ["true", "false", "false"]
    assert result.verdict is Verdict.WATCH


def test_the_plan_is_filed_before_the_send_and_held_against_it(tmp_path):
    """Filed with the stated people, thirds by hand; read out as filed, nothing is deviated from.

    32,144 and 31,856 people: 10,715 and 10,619 held back (cut at the rounded thirds).
    """
    path = write_hillstrom(tmp_path)
    with closing(open_client(read_config(path, as_of="2026-05-03"))) as client:
        base = copy_tests.read_copy_base(client)
        drawn = copy_tests.measure_assignment(base, client.settings)
        copy_tests.file_plan(base, drawn, tmp_path)
    forms = yaml.safe_load((tmp_path / "forms.yml").read_text(encoding="utf-8"))
    forms["copy_tests"][0]["plan"] = "plan.json"
    (tmp_path / "forms.yml").write_text(yaml.safe_dump(forms, allow_unicode=True), encoding="utf-8")
    with closing(open_client(read_config(path))) as client:
        base = copy_tests.read_copy_base(client)
        sizes = {(row["crowd"], row["arm"]): row["people"] for row in base.filed["hillstrom"].sizes}
        health = copy_tests.measure_health(base, client.settings)
    assert {name: sizes[name, "no_email"] for name in ("newbie", "older")} == {
        "newbie": 10_715, "older": 10_619,
    }  # fmt: skip
    assert sum(sizes.values()) == 64_000
    assert row(health.table, check="as_planned")["status"] == "ok"
    assert row(health.table, check="sample_ratio")["status"] == "ok"


def test_nothing_is_shipped_whose_guard_rails_nobody_measured(opened):
    """The file has no opt-outs: the e-mail is better for sure, and that is not all there is."""
    decision = ask(opened, "decision")
    assert set(decision.table["choice"]) == {"go_on"}
    assert decision.verdict is Verdict.WATCH
    assert ask(opened, "guardrails").verdict is Verdict.NOT_MEASURED


@pytest.mark.parametrize(
    "question",
    ["copy_lint", "hypotheses", "sample_size", "assignment", "budget", "health", "funnel", "arms",
     "crowds", "crowd_priority", "cost_per_friend", "guardrails", "decision", "sequence"],
)  # fmt: skip
def test_every_question_ends_in_a_sentence(opened, question):
    result = ask(opened, question)
    finding = getattr(copy_tests, f"describe_{question}")(result)
    for language in ("en", "zh"):
        assert finding.statement.render(language)
    getattr(copy_tests, f"plot_{question}")(result)
