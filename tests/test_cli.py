"""The command line: what goes to which stream, and the exit status (contract, section 1)."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from run.bench import Bench, write_client

from privdom_kit import cli
from privdom_kit.errors import DataError, NotMeasurable


@pytest.fixture
def bench(tmp_path):
    write_client(tmp_path / "tiny")
    return Bench(tmp_path)


def test_the_console_script_is_installed():
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="privdom")
    assert script.load() is cli.main


def test_help_names_the_commands_that_stand():
    result = CliRunner().invoke(cli.cli, ["--help"])
    assert result.exit_code == 0
    assert set(cli.cli.commands) == {"run", "check", "new", "audiences", "methods"}
    assert all(f"\n  {name} " in result.output for name in cli.cli.commands)


def test_the_options_of_run_are_those_of_the_contract():
    names = {name for option in cli.run.params for name in [*option.opts, *option.secondary_opts]}
    assert {"--out", "--only", "--jobs", "--language", "--as-of", "--force", "--debug"} < names
    assert {"--keep-going", "--fail-fast"} < names


def test_check_prints_a_summary_and_writes_json(bench):
    with bench.client.with_name("orders.csv").open("a") as file:
        file.writelines(f"o{n},c1,2026-05-{n:02} 10:00:00,5.00,paid\n" for n in range(3, 29))
        file.write("o99,c1,2026-05-03 10:00:00,abc,paid\n")
        file.write("o98,c1,2026-06-03 10:00:00,5.00,paid\n")
    ended = bench.privdom("check", "tiny/client.yml")
    assert ended.status == 0
    # counted by hand from the file: 2 + 26 good rows, one bad amount, one after as_of
    assert ended.stdout.splitlines()[:5] == [
        "tiny as of 2026-05-31: usable",
        "orders: 28 of 30 rows used (1 after as_of, 1 quarantined)",
        "  1 × amount: not a number",
        "contacts: 1 of 1 rows used",
        "people: 2",
    ]
    written = ["reports/tiny/check/check.html", "reports/tiny/check/check.json"]
    assert ended.stdout.splitlines()[-2:] == written
    report = json.loads((bench.root / "reports/tiny/check/check.json").read_text())
    assert report["usable"] is True
    assert report["tables"]["orders"]["used"] == 28
    assert not (bench.report).exists()


def test_check_of_unusable_data(bench):
    bench.client.with_name("orders.csv").write_text("a,b\n1,2\n")
    ended = bench.privdom("check", "tiny/client.yml")
    assert ended.status == 2
    assert ended.stdout.startswith("tiny as of 2026-05-31: not usable\n")
    assert "orders.csv" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    report = json.loads((bench.root / "reports/tiny/check/check.json").read_text())
    assert report["usable"] is False
    assert report["problems"]


def test_methods_lists_all_and_shows_one():
    listing = CliRunner().invoke(cli.cli, ["methods"])
    assert listing.exit_code == 0
    assert all(f"S{number:03}" in listing.output for number in range(1, 212))
    card = CliRunner().invoke(cli.cli, ["methods", "s006"])
    assert card.exit_code == 0
    assert "S006" in card.output
    assert "01_user_layering" in card.output


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    source = "from privdom_kit.cli import main; main()"
    command = [sys.executable, "-c", source, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_an_unknown_method_is_a_paragraph():
    done = call("methods", "S999")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "S999" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [["run"], ["runn"], ["run", "x.yml", "--jobs", "0"], ["run", "x.yml", "--colour"], ["check"]],
)
def test_a_wrong_call_is_status_2(arguments):
    done = call(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_of_a_refusal():
    assert "Traceback" not in call("run", "nowhere.yml").stderr
    assert "Traceback" in call("run", "nowhere.yml", "--debug").stderr


def raises(error: BaseException):
    def action() -> int:
        raise error

    return action


def test_every_way_to_fail_has_its_status(capsys):
    assert cli.guarded(lambda: 0, False) == 0
    assert cli.guarded(raises(DataError("a", "b", "c")), False) == 2
    assert cli.guarded(raises(NotMeasurable("a", "b", "c")), False) == 1
    assert cli.guarded(raises(cli.Stopped(signal.SIGTERM)), False) == 143
    assert cli.guarded(raises(OSError(28, "No space left on device", "/x/y")), False) == 2
    assert cli.guarded(raises(ZeroDivisionError("division by zero")), False) == 1
    assert capsys.readouterr().err.splitlines() == [
        "a. b. c.",
        "a. b. c.",
        "Stopped by SIGTERM; the last good report stands.",
        "/x/y: No space left on device. Mend that and run again.",
        "privdom met a fault of its own (ZeroDivisionError: division by zero). "
        "Run again with --debug.",
    ]


@pytest.mark.skipif(os.name == "nt", reason="POSIX shell")
def test_a_reader_that_has_seen_enough_is_no_fault():
    source = "from privdom_kit.cli import main; main()"
    script = f'"{sys.executable}" -c "{source}" methods | head -n 1'
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_ignored_signal_stays_ignored():
    """A job that a shell put into the background has SIGINT ignored; that is the user's choice."""
    source = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "from privdom_kit import cli; cli._listen(); "
        "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN, "
        "signal.getsignal(signal.SIGTERM) is cli._stop)"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.stdout == "True True\n"


def test_importing_the_command_line_imports_nothing_heavy():
    source = (
        "import sys, privdom_kit.cli; "
        "print({'pandas', 'numpy', 'pydantic', 'duckdb', 'papermill', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.stdout == "set()\n"
