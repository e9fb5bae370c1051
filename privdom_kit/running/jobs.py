"""A playbook's job: its parameters, its own folder, and the local paths that it must not show."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from privdom_kit.config import ClientConfig
from privdom_kit.running.playbooks import PACKAGE, Playbook

_SHORT_PATH = 4  # "/" or "C:\\" would be replaced everywhere


@dataclass(frozen=True, slots=True)
class Job:
    """What one playbook's process is told.

    Attributes:
        playbook: Name of the playbook.
        notebook: Path of its source.
        parameters: Values to inject, by name.
        folder: Folder for the executed notebook and the page; also the playbook's ``out``.
        status: File that the outcome is written to.
        language: zh or en.
        brand: Name of the brand, for the page.
        as_of: ISO date, for the page.
        start_seconds: Seconds that the kernel may take to start.
        runtime: Private folder for the kernel's sockets and history.
        secrets: Local paths and what to show in their place.
    """

    playbook: str
    notebook: str
    parameters: Mapping[str, str]
    folder: str
    status: str
    language: str
    brand: str
    as_of: str
    start_seconds: int
    runtime: str
    secrets: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """As the job file holds it."""
        return asdict(self)


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
