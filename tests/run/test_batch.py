"""What a run writes, says and returns, by the contract (sections 1 and 6), run in earnest."""

import re
import time

import pytest
from run.bench import shows, write_client

PAGES = {"index.html", "findings.json", "actions.json", "run.json"}


def test_a_good_run_writes_what_the_contract_lists(bench):
    bench.playbook("00_first", shows("00_first"))
    bench.playbook("01_second", shows("01_second", "rfm", money=5.0, customers=7))
    ended = bench.run()
    assert (ended.status, ended.stdout) == (0, "reports/tiny/2026-05-31/index.html\n")
    assert set(bench.snapshot()) == PAGES | {
        "00_first.html",
        "00_first.ipynb",
        "01_second.html",
        "01_second.ipynb",
        "results/00_first/states.json",
        "results/01_second/rfm.json",
    }
    assert bench.leftovers() == []
    assert bench.statuses() == {"00_first": "ran", "01_second": "ran"}
    result = bench.read("results/01_second/rfm.json")
    assert result["table"] == [{"state": "a", "customers": 7}]
    assert result["as_of"] == "2026-05-31"


def test_progress_is_a_line_a_step_on_stderr(bench):
    bench.playbook("00_first", "1 + 1")
    lines = bench.run().stderr.splitlines()
    assert lines[0] == "tiny: checking the data"
    assert re.fullmatch(r"tiny: 00_first ran in \d+\.\d s", lines[-1])
    assert all(line.startswith("tiny: ") for line in lines)


def test_run_json_says_what_the_run_rests_on(bench):
    # SHA-256 of the empty file from FIPS 180-4's test vectors, so that the hash has a parent.
    (bench.client.parent / "forms.yml").write_bytes(b"")
    with bench.client.open("a") as file:
        file.write("forms: forms.yml\nsettings: {layering: {active_days: 45}}\n")
    bench.playbook("00_first", "1 + 1")
    assert bench.run().status == 0
    run = bench.read("run.json")
    assert set(run["inputs"]) == {"client.yml", "orders.csv", "contacts.csv", "forms.yml"}
    assert run["inputs"]["forms.yml"] == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert run["settings"]["layering"]["active_days"] == 45
    assert run["version"] == "0.1.0"
    assert len(run["code"]) == 64
    assert run["playbooks"]["00_first"]["seconds"] > 0
    assert run["playbooks"]["00_first"]["reason"] == ""


def test_findings_are_ranked_and_actions_are_those_with_one(bench):
    # contract 6 and the order of verdicts in issue 2: money first, then act, watch, …, clear
    bench.playbook(
        "00_first",
        shows("00_first", "a", verdict="CLEAR", action="None"),
        shows("00_first", "b", verdict="ACT"),
    )
    bench.playbook(
        "01_second",
        shows("01_second", "c", verdict="WATCH", money=10.0),
        shows("01_second", "d", verdict="WATCH", money=500.0, action="None"),
        shows("01_second", "e", verdict="NOT_MEASURED", action="None"),
    )
    assert bench.run().status == 0
    ids = [one["id"] for one in bench.read("findings.json")]
    assert ids == ["01_second/d", "01_second/c", "00_first/b", "01_second/e", "00_first/a"]
    assert [one["id"] for one in bench.read("actions.json")] == ["01_second/c", "00_first/b"]


def test_a_question_shown_twice_counts_once(bench):
    bench.playbook("00_first", shows("00_first", customers=1), shows("00_first", customers=2))
    assert bench.run().status == 0
    assert len(bench.read("findings.json")) == 1
    assert bench.read("results/00_first/states.json")["table"][0]["customers"] == 2


def test_the_executed_notebook_shows_no_path_of_this_machine(bench):
    source = bench.playbook("00_first", shows("00_first"), "print(client)\nprint(out)\nout")
    assert bench.run().status == 0
    text = (bench.report / "00_first.ipynb").read_text(encoding="utf-8")
    assert str(bench.root) not in text
    assert str(source.parent) not in text
    assert 'client = \\"client.yml\\"' in text
    assert str(bench.root) not in (bench.report / "run.json").read_text(encoding="utf-8")
    assert str(bench.root) not in (bench.report / "00_first.html").read_text(encoding="utf-8")


def test_only(bench):
    bench.playbook("00_first", "1 + 1")
    bench.playbook("01_second", "1 + 1")
    assert bench.run("--only", "01").status == 0
    assert bench.statuses() == {"00_first": "skipped", "01_second": "ran"}
    assert bench.read("run.json")["playbooks"]["00_first"]["reason"] == "Not asked for in this run."
    assert "00_first.html" not in bench.snapshot()
    bench.run()
    assert bench.statuses() == {"00_first": "ran", "01_second": "fresh"}


def test_only_unknown(bench):
    bench.playbook("00_first", "1 + 1")
    bench.playbook("01_second", "1 + 1")
    ended = bench.run("--only", "01,09")
    assert ended.status == 2
    assert ended.stderr == (
        "--only holds 09. Expected two-digit numbers among 00, 01, with commas between. "
        "Correct the number.\n"
    )
    assert not (bench.root / "reports").exists()


def test_a_failing_playbook_leaves_the_others(bench):
    bench.playbook("00_first", shows("00_first"), "raise ValueError('no such day')")
    bench.playbook("01_second", shows("01_second"))
    ended = bench.run()
    assert (ended.status, ended.stdout) == (1, "reports/tiny/2026-05-31/index.html\n")
    assert re.search(
        r"^tiny: 00_first failed in \d+\.\d s: Cell 4 raised ValueError: no such day$",
        ended.stderr,
        re.MULTILINE,
    )
    assert "Traceback" not in ended.stderr
    assert bench.statuses() == {"00_first": "failed", "01_second": "ran"}
    failed = bench.read("run.json")["playbooks"]["00_first"]
    assert failed["reason"] == "Cell 4 raised ValueError: no such day"
    files = bench.snapshot()
    assert "01_second.html" in files
    assert "00_first.html" not in files
    assert "00_first.failed.ipynb" in files
    # what it showed before it failed is not passed on
    assert {one["playbook"] for one in bench.read("findings.json")} == {"01_second"}
    assert "results/00_first/states.json" not in files
    assert "no such day" in files["index.html"].decode()


def test_debug_shows_the_traceback(bench):
    bench.playbook("00_first", "raise ValueError('no such day')")
    assert "Traceback (most recent call last)" in bench.run("--debug").stderr


def test_a_known_error_is_its_own_reason(bench):
    bench.playbook(
        "00_first",
        "from privdom_kit.errors import NotMeasurable\n"
        "raise NotMeasurable('orders has no day', 'Expected paid_at', 'Export it')",
    )
    bench.run()
    reason = bench.read("run.json")["playbooks"]["00_first"]["reason"]
    assert reason == "orders has no day. Expected paid_at. Export it."


def test_the_last_good_page_is_kept_but_never_passed_off_as_new(bench):
    bench.playbook("00_first", "1 + 1")
    bench.run()
    good = bench.snapshot()["00_first.html"]
    made = bench.read("run.json")["playbooks"]["00_first"]["finished_at"]
    bench.playbook("00_first", "1/0")
    for _ in range(2):  # a second failure keeps it too
        assert bench.run().status == 1
        files = bench.snapshot()
        assert "00_first.html" not in files
        assert files["00_first.last_good.html"] == good
        assert bench.read("run.json")["playbooks"]["00_first"]["reason"] == (
            "Cell 3 raised ZeroDivisionError: division by zero "
            f"The last good page, of {made}, is kept as 00_first.last_good.html."
        )
    bench.playbook("00_first", "1 + 1")
    assert bench.run().status == 0
    assert "00_first.last_good.html" not in bench.snapshot()


def test_fail_fast_stops(bench):
    bench.playbook("00_first", "1/0")
    bench.playbook("01_second", "1 + 1")
    ended = bench.run("--fail-fast", "--jobs", "1")
    assert ended.status == 1
    assert bench.statuses() == {"00_first": "failed", "01_second": "skipped"}
    assert bench.read("run.json")["playbooks"]["01_second"]["reason"] == (
        "Another playbook failed, and --fail-fast was given."
    )


def test_a_misspelt_parameter_is_found_before_a_kernel_starts(bench):
    bench.playbook(
        "00_first",
        "open('ran', 'w')",
        parameters='clent: str = ""\nas_of: str = ""\nlanguage: str = ""\nout: str = ""',
    )
    assert bench.run().status == 1
    assert bench.read("run.json")["playbooks"]["00_first"]["reason"] == (
        "00_first.ipynb has no parameter client. Expected it among clent, as_of, language, out. "
        "Rename clent to client in its parameters cell."
    )
    assert not (bench.root / "ran").exists()


def test_a_parameter_of_another_type_is_found_before_a_kernel_starts(bench):
    bench.playbook(
        "00_first",
        "open('ran', 'w')",
        parameters='client: str = ""\nas_of: int = 0\nlanguage: str = ""\nout: str = ""',
    )
    assert bench.run().status == 1
    assert bench.read("run.json")["playbooks"]["00_first"]["reason"] == (
        "00_first.ipynb declares the parameter as_of as int. "
        "Expected str, as it is given '2026-05-31'. Correct the type in its parameters cell."
    )
    assert not (bench.root / "ran").exists()


def test_a_playbook_that_hangs_is_ended(bench):
    bench.client.write_text(bench.client.read_text() + "settings: {run: {timeout_seconds: 4}}\n")
    bench.playbook("00_first", "import time\ntime.sleep(600)")
    started = time.monotonic()
    assert bench.run().status == 1
    assert time.monotonic() - started < 60
    assert bench.read("run.json")["playbooks"]["00_first"]["reason"] == (
        "It took longer than 4 seconds (settings.run.timeout_seconds)."
    )


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("import os\nos._exit(0)", "The kernel died, perhaps for want of memory."),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            "The kernel died, perhaps for want of memory.",
        ),
    ],
)
def test_a_dead_kernel_is_a_failure(bench, cell, reason):
    bench.playbook("00_first", cell, "1")
    assert bench.run().status == 1
    assert bench.read("run.json")["playbooks"]["00_first"]["reason"] == reason


def test_a_notebook_that_ends_early_is_a_failure(bench):
    bench.playbook("00_first", "import sys\nsys.exit(0)", "1")
    assert bench.run().status == 1
    assert bench.statuses() == {"00_first": "failed"}


def test_unusable_data_write_the_check_report_and_nothing_else(bench):
    bench.playbook("00_first", "1 + 1")
    bench.client.with_name("orders.csv").write_text("a,b\n1,2\n")
    ended = bench.run()
    assert (ended.status, ended.stdout) == (2, "")
    assert "Traceback" not in ended.stderr
    written = [p for p in (bench.root / "reports").rglob("*") if p.is_file()]
    assert {p.relative_to(bench.root).as_posix() for p in written} <= {
        "reports/tiny/check/check.html",
        "reports/tiny/check/check.json",
        "reports/tiny/check/quarantine.csv",
    }
    assert (bench.root / "reports/tiny/check/check.json").is_file()
    assert not (bench.client.parent / ".privdom").exists()


def test_unusable_data_leave_the_last_good_report(bench):
    bench.playbook("00_first", "1 + 1")
    bench.run()
    before = bench.snapshot()
    bench.client.with_name("orders.csv").write_text("a,b\n1,2\n")
    assert bench.run().status == 2
    assert bench.snapshot() == before


def test_an_unusable_configuration_writes_nothing(bench):
    bench.playbook("00_first", "1 + 1")
    bench.client.write_text("client: tiny\nas_off: 2026-05-31\n")
    ended = bench.run()
    assert (ended.status, ended.stdout) == (2, "")
    assert ended.stderr.startswith("tiny/client.yml, line 2: as_off (value 2026-05-31) is not")
    assert ended.stderr.endswith("Did you mean as_of?\n")
    assert not (bench.root / "reports").exists()


def test_a_folder_of_other_files_is_not_replaced(bench):
    bench.playbook("00_first", "1 + 1")
    bench.report.mkdir(parents=True)
    (bench.report / "notes.txt").write_text("mine")
    ended = bench.run()
    assert ended.status == 2
    assert ended.stderr == (
        "reports/tiny/2026-05-31 holds files that no run wrote. "
        "Expected a report (with run.json) or nothing there. "
        "Move them away or choose another --out.\n"
    )
    assert (bench.report / "notes.txt").read_text() == "mine"


def test_several_clients_end_with_a_table(bench):
    write_client(bench.root / "second", "second")
    (bench.root / "broken").mkdir()
    (bench.root / "broken/client.yml").write_text("client: 1\n")
    bench.playbook("00_first", "1 + 1")
    ended = bench.privdom("run", "tiny/client.yml", "broken/client.yml", "second/client.yml")
    assert ended.status == 2
    assert ended.stdout == (
        "reports/tiny/2026-05-31/index.html\nreports/second/2026-05-31/index.html\n"
    )
    table = [re.sub(r"\d+\.\d", "N", line).split() for line in ended.stderr.splitlines()[-4:]]
    assert table == [
        ["client", "playbooks", "seconds"],
        ["tiny", "1", "ran", "N"],
        ["broken/client.yml", "unusable", "N"],
        ["second", "1", "ran", "N"],
    ]


def test_fail_fast_stops_at_the_first_client(bench):
    write_client(bench.root / "second", "second")
    bench.playbook("00_first", "1/0")
    ended = bench.privdom("run", "tiny/client.yml", "second/client.yml", "--fail-fast")
    assert ended.status == 1
    assert not (bench.root / "reports/second").exists()


def test_two_clients_of_one_name_are_refused(bench):
    write_client(bench.root / "second", "tiny")
    bench.playbook("00_first", "1 + 1")
    ended = bench.privdom("run", "tiny/client.yml", "second/client.yml")
    assert ended.status == 2
    assert (
        "second/client.yml and tiny/client.yml are both the client tiny as of 2026-05-31. "
        "Expected clients of different names, as the name is the folder of their reports. "
        "Give one of them another `client`, or run them with different --out."
    ) in ended.stderr.splitlines()


def test_out_names_another_folder(bench):
    bench.playbook("00_first", "1 + 1")
    ended = bench.run("--out", "else where/报告")
    assert ended.status == 0
    assert ended.stdout == "else where/报告/tiny/2026-05-31/index.html\n"
    assert not (bench.root / "reports").exists()
