"""One playbook in a process of its own: ``python -m privdom_kit.running.worker JOB.json``.

The process checks the parameters, executes the notebook with papermill, renders it, and says how
it went in a status file. Nobody judges a run by the notebook: a killed kernel leaves every cell
looking complete. The parent holds the other end of stdin; when it dies, however it dies, this
process and its kernel end too.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from privdom_kit.errors import ConfigError, PrivdomError, nearest
from privdom_kit.files import write_json
from privdom_kit.running.jobs import Job
from privdom_kit.running.processes import kill_tree
from privdom_kit.running.scrubbing import scrub_notebook, scrub_text

# jsonschema imports this grammar package when it is there; nothing here needs it, and it costs
# most of papermill's own import.
UNUSED = "rfc3987_syntax"
_PATH_BYTES = 80  # an IPC socket's path must stay below the system's 104 to 108 bytes
_REASON_LENGTH = 400


def main(argv: list[str]) -> int:
    """Run the job of a file; the outcome is in the job's status file, not in the exit status."""
    job = Job(**json.loads(Path(argv[0]).read_text(encoding="utf-8")))
    watch_parent(job)
    sys.modules.setdefault(UNUSED, None)  # type: ignore[arg-type]
    try:
        run_job(job)
        outcome = {"status": "ran", "reason": "", "traceback": ""}
    except Exception as error:
        # the border of the process: whatever a notebook can raise becomes its status
        reason = scrub_text(reason_of(error), job.secrets)
        outcome = {"status": "failed", "reason": reason, "traceback": _trace(error)}
    write_json(Path(job.status), outcome)
    return 0


def run_job(job: Job) -> None:
    """Check, execute and render one playbook.

    Raises:
        PrivdomError: The notebook's parameters do not fit, or cells did not run.
        PapermillExecutionError: A cell raised.
    """
    notebook, page = Path(job.folder, f"{job.playbook}.ipynb"), f"{job.playbook}.html"
    check_parameters(job.notebook, job.parameters)
    try:
        _execute(job, notebook)
    finally:
        if notebook.exists():
            scrub_notebook(notebook, job.secrets)
    _check_executed(job, notebook)
    from privdom_kit.report.rendering import render_report

    render_report(
        notebook, notebook.with_name(page), language=job.language, brand=job.brand, as_of=job.as_of
    )


def check_parameters(notebook: str, parameters: Mapping[str, Any]) -> None:
    """Compare the parameters of a call with those that the notebook declares.

    Raises:
        ConfigError: A parameter that the notebook does not have, or has with another type.
    """
    from papermill import inspect_notebook

    name, declared = Path(notebook).name, inspect_notebook(notebook)
    for key, value in parameters.items():
        if key not in declared:
            guess = nearest(key, declared)
            raise ConfigError(
                f"{name} has no parameter {key}",
                f"Expected it among {', '.join(declared) or 'none'}",
                f"Rename {guess[0]} to {key} in its parameters cell" if guess else "Add it",
            )
        kind = declared[key]["inferred_type_name"]
        if kind not in ("None", type(value).__name__):
            raise ConfigError(
                f"{name} declares the parameter {key} as {kind}",
                f"Expected {type(value).__name__}, as it is given {value!r}",
                "Correct the type in its parameters cell",
            )


def _execute(job: Job, notebook: Path) -> None:
    from papermill import execute_notebook
    from traitlets.config import Config

    os.environ["IPYTHONDIR"] = os.environ["JUPYTER_RUNTIME_DIR"] = job.runtime
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this installation's kernel, not the user's
    execute_notebook(
        job.notebook,
        str(notebook),
        parameters=dict(job.parameters),
        progress_bar=False,
        start_timeout=job.start_seconds,
        config=Config({"KernelManager": _transport(job.runtime)}),
        shutdown_kernel="immediate",
    )


def _transport(runtime: str) -> dict[str, str]:
    """Sockets in a folder of our own where the system has them, which no other user can reach."""
    if os.name == "nt" or len(os.fsencode(runtime)) > _PATH_BYTES:
        return {}
    return {"transport": "ipc", "connection_file": str(Path(runtime, "kernel.json"))}


def _check_executed(job: Job, notebook: Path) -> None:
    """A notebook that ends early (``sys.exit(0)``) raises nothing: count what did not run."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"])]
    pending = [cell for cell in code if cell["execution_count"] is None]
    if pending:
        raise PrivdomError(
            f"{len(pending)} of {len(code)} code cells of {job.playbook} did not run",
            "Expected all of them to run",
            "Look for a cell that ends the kernel",
        )


def reason_of(error: BaseException) -> str:
    """Why a playbook failed, in one line without a traceback."""
    if isinstance(error, PrivdomError):
        return _short(str(error))
    if type(error).__name__ == "PapermillExecutionError":
        return _cell_reason(error)
    if type(error).__name__ == "DeadKernelError":
        return "The kernel died, perhaps for want of memory."
    return _short(f"{type(error).__name__}: {error}")


def _cell_reason(error: Any) -> str:
    import privdom_kit.errors as ours

    known = getattr(ours, str(error.ename), None)
    if isinstance(known, type) and issubclass(known, PrivdomError):
        return _short(str(error.evalue))
    return _short(f"Cell {error.exec_count} raised {error.ename}: {error.evalue}")


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _REASON_LENGTH else f"{text[:_REASON_LENGTH]}…"


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def watch_parent(job: Job) -> None:
    """End this process and its kernel when the parent's end of stdin closes."""
    threading.Thread(target=_end_with_parent, args=(job,), daemon=True).start()


def _end_with_parent(job: Job) -> None:
    # os.read, not sys.stdin: a buffered reader's lock would abort the interpreter at its end
    while os.read(0, 1):
        pass
    kill_tree(os.getpid(), itself=False)
    shutil.rmtree(Path(job.runtime).parent, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
