"""What is run again and what is not (contract, section 6): fresh is what rests on the same."""

import subprocess
import sys
import time

import pytest
from run.bench import shows

PAGES = {"index.html", "findings.json", "actions.json", "run.json"}
QUICK = "1 + 1"


def test_a_second_run_reruns_nothing_and_is_quick(bench):
    bench.playbook("00_first", QUICK)
    bench.run()
    before = bench.snapshot()
    started = time.monotonic()
    ended = bench.run()
    seconds = time.monotonic() - started
    assert (ended.status, ended.stdout) == (0, "reports/tiny/2026-05-31/index.html\n")
    assert ended.stderr == "tiny: nothing changed since the last run\n"
    assert bench.statuses() == {"00_first": "fresh"}
    after = bench.snapshot()
    assert {k: v for k, v in after.items() if k != "run.json"} == {
        k: v for k, v in before.items() if k != "run.json"
    }
    assert bench.run().stderr == "tiny: nothing changed since the last run\n"
    assert seconds < 3  # issue 2 allows 1.5 s on a quiet machine; `make bench` measures that


def test_the_fresh_path_imports_nothing_heavy(bench):
    bench.playbook("00_first", QUICK)
    bench.run()
    probe = (
        "import sys; from privdom_kit.cli import cli; "
        "cli.main(['run', 'tiny/client.yml'], standalone_mode=False); "
        "print(sorted({'pandas', 'numpy', 'duckdb', 'papermill', 'nbformat', 'narwhals', "
        "'matplotlib', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=bench.root,
        env=bench.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == "tiny: nothing changed since the last run\n"
    assert done.stdout.splitlines()[-1] == "[]"


CHANGES = {
    "an input": lambda b: b.client.with_name("orders.csv").write_text(
        b.client.with_name("orders.csv").read_text() + "o3,c2,2026-05-03 10:00:00,1.00,paid\n"
    ),
    "a setting": lambda b: b.client.write_text(
        b.client.read_text() + "settings: {layering: {active_days: 31}}\n"
    ),
    "the economics": lambda b: b.client.write_text(
        b.client.read_text() + "economics: {gross_margin: 0.5}\n"
    ),
    "the playbook": lambda b: b.playbook("00_first", QUICK, "2"),
    "a page that was removed": lambda b: (b.report / "00_first.html").unlink(),
    "a page that was cut": lambda b: (b.report / "00_first.html").write_text("<html>"),
    "an index that was removed": lambda b: (b.report / "index.html").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_counts_makes_it_run_again(bench, change):
    bench.playbook("00_first", QUICK)
    bench.run()
    CHANGES[change](bench)
    assert "00_first ran in" in bench.run().stderr
    assert bench.statuses() == {"00_first": "ran"}
    assert set(bench.snapshot()) > PAGES


def test_a_comment_in_client_yml_does_not(bench):
    bench.playbook("00_first", QUICK)
    bench.run()
    bench.client.write_text(bench.client.read_text() + "# seen by the brand on Monday\n")
    assert bench.run().stderr == "tiny: nothing changed since the last run\n"


def test_force_runs_again(bench):
    bench.playbook("00_first", QUICK)
    bench.run()
    assert "00_first ran in" in bench.run("--force").stderr


def test_language_and_day_of_the_call(bench):
    bench.playbook("00_first", QUICK)
    bench.run()
    ended = bench.run("--language", "zh")
    assert "00_first ran in" in ended.stderr
    assert bench.read("run.json")["language"] == "zh"
    other = bench.run("--as-of", "2026-04-30")
    assert other.stdout == "reports/tiny/2026-04-30/index.html\n"
    assert bench.read("run.json")["as_of"] == "2026-05-31"  # the other day stands beside


def test_only_what_changed_runs(bench):
    bench.playbook("00_first", shows("00_first"))
    bench.playbook("01_second", shows("01_second"))
    bench.run()
    bench.playbook("01_second", shows("01_second", customers=3))
    bench.run()
    assert bench.statuses() == {"00_first": "fresh", "01_second": "ran"}
    assert {one["playbook"] for one in bench.read("findings.json")} == {"00_first", "01_second"}
    assert "results/00_first/states.json" in bench.snapshot()


def test_a_playbook_without_its_tables_is_skipped_once_and_for_all(bench):
    # 01_user_layering needs people; channel_days has none (contract, section 3)
    days = bench.client.with_name("days.csv")
    days.write_text("date,channel,adds\n2026-05-01,parcel_card,5\n")
    bench.client.write_text(
        "client: tiny\nlanguage: en\nas_of: 2026-05-31\ntables:\n  channel_days: {path: days.csv}\n"
    )
    bench.playbook("01_user_layering", QUICK)
    assert bench.run().status == 0
    assert bench.statuses() == {"01_user_layering": "skipped"}
    reason = bench.read("run.json")["playbooks"]["01_user_layering"]["reason"]
    assert reason.startswith("It needs one of these tables: orders")
    assert bench.run().stderr == "tiny: nothing changed since the last run\n"
    assert bench.statuses() == {"01_user_layering": "skipped"}
