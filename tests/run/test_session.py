"""What a notebook gets from ``open_playbook``, and what ``show`` writes."""

import datetime as dt
import json

import pandas as pd
import pytest
from run.bench import shows

from privdom_kit.errors import ConfigError
from privdom_kit.messages import current_language, msg, set_language
from privdom_kit.results import Coverage, Finding, Result, Verdict
from privdom_kit.session import open_playbook


@pytest.fixture(autouse=True)
def _english_again():
    yield
    set_language("en")


def finding(question: str, customers: int | None = 12) -> Finding:
    result = Result(
        question=question,
        methods=("S006",),
        verdict=Verdict.WATCH,
        table=pd.DataFrame({"state": ["甲"], "customers": [customers]}),
        units={},
        settings={"active_days": 30},
        coverage=Coverage(10, 9, {"after as_of": 1}),
        as_of="2026-05-31",
    )
    return Finding(result, msg("A statement."))


def test_the_client_is_open_in_its_language(bench):
    client, show = open_playbook("00_first", str(bench.client), as_of="2026-04-30")
    assert client.as_of == dt.date(2026, 4, 30)
    assert "orders" in client.tables
    assert (show.playbook, show.language, show.out) == ("00_first", "en", None)
    open_playbook("00_first", str(bench.client), language="zh")
    assert current_language() == "zh"


def test_show_writes_only_where_out_is_given(bench, tmp_path, capsys):
    _, show = open_playbook("00_first", str(bench.client))
    before = sorted(tmp_path.rglob("*"))
    show(finding("states"))
    assert sorted(tmp_path.rglob("*")) == before


def test_show_writes_results_and_findings(bench, tmp_path, capsys):
    _, show = open_playbook("00_first", str(bench.client), out=str(tmp_path / "out"))
    show(finding("states"))
    show(finding("rfm", None))
    show(finding("states", 13))
    written = json.loads((tmp_path / "out/results/00_first/states.json").read_text("utf-8"))
    # the keys of contract.md, section 6
    assert {"question", "methods", "verdict", "table", "units", "settings", "coverage"} < set(
        written
    )
    assert written["table"] == [{"state": "甲", "customers": 13}]
    assert written["coverage"] == {"rows": 10, "used": 9, "dropped": {"after as_of": 1}}
    missing = json.loads((tmp_path / "out/results/00_first/rfm.json").read_text("utf-8"))
    assert missing["table"] == [{"state": "甲", "customers": None}]
    listed = json.loads((tmp_path / "out/findings/00_first.json").read_text("utf-8"))
    assert [one["id"] for one in listed] == ["00_first/rfm", "00_first/states"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["findings", "results"]


def test_a_bad_parameter_is_refused(bench):
    with pytest.raises(ConfigError, match="as_of \\(given in the call\\) is 'May'"):
        open_playbook("00_first", str(bench.client), as_of="May")


def test_plain_papermill_runs_a_playbook_by_itself(bench):
    """Contract, section 1: ``papermill PLAYBOOK out.ipynb -p client …`` without privdom run."""
    import subprocess
    import sys

    cell = (
        "from privdom_kit.session import open_playbook\n"
        "client, show = open_playbook('00_first', client, as_of=as_of)\n"
        "sorted(client.tables)"
    )
    source = bench.playbook("00_first", cell, shows("00_first").replace("Path(out)", "None"))
    command = [sys.executable, "-m", "papermill", str(source), "out.ipynb", "--no-progress-bar"]
    done = subprocess.run(
        [*command, "-p", "client", "tiny/client.yml", "-p", "as_of", "2026-05-31"],
        cwd=bench.root,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    cells = json.loads((bench.root / "out.ipynb").read_text("utf-8"))["cells"]
    shown = [o["data"]["text/plain"] for c in cells for o in c.get("outputs", []) if "data" in o]
    assert ["['contacts', 'orders']"] in shown
