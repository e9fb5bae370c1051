"""The command line: ``privdom run``, ``check``, ``new``, ``audiences``, ``methods``."""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from privdom_kit.errors import PrivdomError

if TYPE_CHECKING:
    from privdom_kit.config import ClientConfig
    from privdom_kit.running.batch import ClientRun, Options

_UNUSABLE = 2
_SIGNAL_BASE = 128  # what a shell adds to a signal's number
_SIGPIPE = 13


class Stopped(BaseException):
    """A signal asked this process to end; whatever was begun is undone on the way out."""

    def __init__(self, number: int) -> None:
        self.exit_status = _SIGNAL_BASE + number
        super().__init__(signal.Signals(number).name)


def main() -> None:
    """Entry of the console script."""
    _listen()
    sys.exit(guarded(_run_click, "--debug" in sys.argv[1:]))


def _run_click() -> int:
    try:
        return int(cli.main(prog_name="privdom", standalone_mode=False) or 0)
    except click.Abort:
        return _SIGNAL_BASE + signal.SIGINT
    except click.ClickException as error:
        error.show()
        return _UNUSABLE


def guarded(action: Callable[[], int], debug: bool) -> int:
    """Run an action; every way in which it can fail becomes one paragraph and an exit status."""
    try:
        return action()
    except Stopped as stop:
        say(f"Stopped by {stop}; the last good report stands.")
        return stop.exit_status
    except PrivdomError as error:
        _explain(str(error), debug)
        return error.exit_status
    except BrokenPipeError:
        # the reader (head, less) has seen enough; stdout must not fail again at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _SIGNAL_BASE + _SIGPIPE
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _explain(f"{place}{error.strerror or error}. Mend that and run again.", debug)
        return _UNUSABLE
    except Exception as error:
        # the border of the program: a fault of ours is said in one paragraph too
        kind = f"{type(error).__name__}: {error}"
        _explain(f"privdom met a fault of its own ({kind}). Run again with --debug.", debug)
        return 1


def _explain(paragraph: str, debug: bool) -> None:
    say(paragraph)
    if debug:
        traceback.print_exc()


def say(line: str) -> None:
    """A line to stderr."""
    click.echo(line, err=True)


def _listen() -> None:
    """Turn the signals that end a process into :class:`Stopped`, once."""
    for number in _endings():
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def _endings() -> list[signal.Signals]:
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


def _stop(number: int, frame: FrameType | None) -> None:
    for other in _endings():
        signal.signal(other, signal.SIG_IGN)  # cleaning up is short; let it end
    raise Stopped(number)


@click.group()
@click.version_option(package_name="privdom-kit", prog_name="privdom")
def cli() -> None:
    """Diagnose a brand's private domain from its exports."""


_CLIENT = click.Path(path_type=Path)
_LANGUAGE = click.Choice(["zh", "en"])
_out = click.option(
    "--out", default="reports", show_default=True, type=_CLIENT, help="Folder of all reports."
)
_language = click.option("--language", type=_LANGUAGE, default=None, help="Overrides client.yml.")
_as_of = click.option("--as-of", default="", metavar="DATE", help="Overrides client.yml.")
_debug = click.option("--debug", is_flag=True, help="Show tracebacks.")


@cli.command()
@click.argument("clients", nargs=-1, required=True, type=_CLIENT, metavar="CLIENT.yml...")
@_out
@click.option("--only", default="", metavar="01,03", help="Playbooks by number.")
@click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="Playbooks at a time."
)
@_language
@_as_of
@click.option(
    "--keep-going/--fail-fast", default=True, help="What to do after a failure.  [keep-going]"
)
@click.option("--force", is_flag=True, help="Run even where nothing changed.")
@_debug
def run(
    clients: tuple[Path, ...],
    out: Path,
    only: str,
    jobs: int,
    language: str | None,
    as_of: str,
    keep_going: bool,
    force: bool,
    debug: bool,
) -> int:
    """Check the data, run the playbooks, render the reports."""
    from privdom_kit.running.batch import Options

    options = Options(out, only, jobs, not keep_going, force, debug)
    lines: list[tuple[str, ...]] = []
    status = 0
    seen: dict[tuple[str, str], Path] = {}
    for path in clients:
        started = time.monotonic()

        def one(path: Path = path) -> int:
            return _run_one(path, language, as_of, options, seen, lines)

        ended = guarded(one, debug)
        if ended > _SIGNAL_BASE:
            return ended
        if ended == _UNUSABLE:
            lines.append((str(path), "unusable", f"{time.monotonic() - started:.1f}"))
        status = max(status, ended)
        if ended and not keep_going:
            break
    if len(clients) > 1:
        _print_table([("client", "playbooks", "seconds"), *lines])
    return status


def _run_one(
    path: Path,
    language: str | None,
    as_of: str,
    options: Options,
    seen: dict[tuple[str, str], Path],
    lines: list[tuple[str, ...]],
) -> int:
    from privdom_kit.config import read_config
    from privdom_kit.running.batch import run_client

    config = read_config(path, as_of=as_of, language=language)
    _refuse_twin(config, path, seen)
    ended = run_client(config, options, say)
    click.echo(ended.index)
    lines.append((ended.client, _tally(ended), f"{ended.seconds:.1f}"))
    return ended.exit_status


def _refuse_twin(config: ClientConfig, path: Path, seen: dict[tuple[str, str], Path]) -> None:
    """Two clients of one name would overwrite each other's reports."""
    from privdom_kit.errors import ConfigError

    other = seen.setdefault((config.client, config.as_of.isoformat()), path)
    if other is not path:
        raise ConfigError(
            f"{path} and {other} are both the client {config.client} as of {config.as_of}",
            "Expected clients of different names, as the name is the folder of their reports",
            "Give one of them another `client`, or run them with different --out",
        )


def _tally(ended: ClientRun) -> str:
    statuses = list(ended.statuses.values())
    words = ("ran", "fresh", "failed", "skipped")
    return ", ".join(f"{statuses.count(word)} {word}" for word in words if word in statuses)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@cli.command()
@click.argument("client", type=_CLIENT, metavar="CLIENT.yml")
@_out
@_as_of
@_debug
def check(client: Path, out: Path, as_of: str, debug: bool) -> int:
    """Read and check the data only; say what is missing, wrong or unusable."""
    from privdom_kit.config import read_config
    from privdom_kit.intake import UnusableData, prepare
    from privdom_kit.running.checking import check_lines, write_check_report

    config = read_config(client, as_of=as_of)
    error: UnusableData | None = None
    try:
        report, paths = write_check_report(prepare(config, say), config, out)
    except UnusableData as unusable:
        error = unusable
        report, paths = write_check_report(unusable, config, out)
    for line in (*check_lines(report), *paths):
        click.echo(line)
    if error is not None:
        raise error
    return 0


@cli.command()
@click.argument("folder", type=_CLIENT, metavar="DIR")
@click.option("--language", type=_LANGUAGE, default="zh", show_default=True, help="Language.")
@_debug
def new(folder: Path, language: str, debug: bool) -> None:
    """Write a client folder to fill, and the sheet that asks the brand for its exports."""
    import datetime as dt

    from privdom_kit.intake.new_client import write_client_folder

    for path in write_client_folder(folder, language, dt.date.today()):
        click.echo(folder / path)


@cli.command()
@click.argument("client", type=_CLIENT, metavar="CLIENT.yml")
@click.option(
    "--reveal", required=True, type=_CLIENT, metavar="FILE.csv", help="A list of audiences/."
)
@click.option("--out", default=None, type=_CLIENT, help="File to write; never among reports.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@_as_of
@_debug
def audiences(
    client: Path, reveal: Path, out: Path | None, yes: bool, as_of: str, debug: bool
) -> int:
    """Join phones to a list of keyed ids again, from the client's own files, for the sender."""
    from privdom_kit.config import read_config
    from privdom_kit.intake import revealing

    config = read_config(client, as_of=as_of)
    target = out or revealing.default_target(config, reveal)
    revealing.check_target(target, reveal)
    found = revealing.find_phones(config, reveal, say)
    say(f"{found.joined:,} of {found.rows:,} people of {reveal.name} have a phone.")
    for number, words in (
        (found.several, "have several phones: the first by text is taken"),
        (found.rows - found.joined - found.unknown, "have none: the cell stays empty"),
        (found.unknown, "are not known to this client: the cell stays empty"),
    ):
        if number:
            say(f"{number:,} {words}.")
    if not yes and not click.confirm(f"Write these phones in the clear to {target}?", err=True):
        say("Nothing was written.")
        return 0
    revealing.write_revealed(config, found, target)
    click.echo(target)
    return 0


@cli.command()
@click.argument("method_id", required=False, metavar="[ID]")
@click.option("--language", type=_LANGUAGE, default="en", show_default=True, help="Language.")
@_debug
def methods(method_id: str | None, language: str, debug: bool) -> None:
    """Print the method catalogue, or one method's card."""
    from privdom_kit.knowledge import methods as catalogue

    if method_id:
        click.echo(catalogue.render_method(catalogue.find_method(method_id)))
    else:
        click.echo(catalogue.render_catalogue(catalogue.load_methods(), language))
