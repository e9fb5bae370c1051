"""A playbook's job: its parameters, its own folder, and the local paths that it must not show."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from privdom_kit.config import ClientConfig
from privdom_kit.running.playbooks import PACKAGE, Playbook
from privdom_kit.running.worker import Job

_SHORT_PATH = 4  # "/" or "C:\\" would be replaced everywhere


def make_job(config: ClientConfig, playbook: Playbook, work: Path, runtime: Path) -> Job:
    """The job of a playbook, with folders of its own made.

    Args:
        config: The client.
        playbook: The playbook.
        work: Folder of all jobs.
        runtime: Private folder for the sockets of all kernels.
    """
    out = work / playbook.name / "out"
    out.mkdir(parents=True)
    kernel = runtime / playbook.number
    kernel.mkdir()
    as_of = config.as_of.isoformat()
    return Job(
        playbook=playbook.name,
        notebook=str(playbook.path),
        parameters={
            "client": str(config.path),
            "as_of": as_of,
            "language": config.language,
            "out": str(out),
        },
        folder=str(out),
        status=str(out.with_name("status.json")),
        language=config.language,
        brand=config.brand,
        as_of=as_of,
        start_seconds=config.settings.run.kernel_start_seconds,
        runtime=str(kernel),
        secrets=_secrets(config, out, playbook.path.parent),
    )


def _secrets(config: ClientConfig, out: Path, playbooks: Path) -> dict[str, str]:
    """Local paths, and what an executed notebook shows in their place."""
    shown = {
        str(config.path): config.path.name,
        f"{config.folder}{os.sep}": "",
        str(config.folder): ".",
        f"{out}{os.sep}": "",
        str(out): "",
        str(playbooks): "playbooks",
        str(PACKAGE): PACKAGE.name,
        sys.prefix: "<environment>",
        str(Path.home()): "~",
    }
    return {path: word for path, word in shown.items() if len(path) >= _SHORT_PATH}
