"""What a playbook's notebook opens first: the client, and the way to show a finding."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from privdom_kit.config import read_config
from privdom_kit.files import read_json, write_json
from privdom_kit.messages import set_language

if TYPE_CHECKING:
    from privdom_kit.client import Client
    from privdom_kit.results import Finding


@dataclass(frozen=True, slots=True)
class Show:
    """Shows a finding in the notebook and, where ``out`` is given, writes it down.

    Attributes:
        playbook: File name of the playbook without its suffix, e.g. ``01_user_layering``.
        language: zh or en.
        out: Folder of ``results/`` and ``findings/``; None writes nothing.
    """

    playbook: str
    language: str
    out: Path | None = None

    def __call__(self, finding: Finding, ax: Any = None) -> None:
        """Show a finding and its chart; a question shown twice counts once, the last time.

        Args:
            finding: What ``describe_*`` returned.
            ax: What ``plot_*`` returned, or None.
        """
        from privdom_kit.report.show import show_finding

        if self.out is not None:
            self._write(self.out, finding)
        show_finding(finding, ax)

    def _write(self, out: Path, finding: Finding) -> None:
        result = finding.result
        path = out / "results" / self.playbook / f"{result.question}.json"
        write_json(path, result.to_dict(self.language))
        listed = out / "findings" / f"{self.playbook}.json"
        entry = finding.to_dict(self.playbook, self.language)
        others = [one for one in read_json(listed) or [] if one["id"] != entry["id"]]
        write_json(listed, [*others, entry])


def open_playbook(
    playbook: str, client: str, *, as_of: str = "", language: str = "", out: str = ""
) -> tuple[Client, Show]:
    """Open a client for a playbook.

    Args:
        playbook: The playbook's name, e.g. ``01_user_layering``.
        client: Path of client.yml.
        as_of: Last day seen, ISO; empty takes the file's.
        language: zh or en; empty takes the file's.
        out: Folder that results and findings are written to; empty writes nothing.

    Returns:
        The client, and ``show(finding, ax=None)``.

    Raises:
        ConfigError: client.yml or a parameter cannot be used.
        DataError: The client's data cannot be used.
    """
    from privdom_kit.client import open_client

    config = read_config(client, as_of=as_of, language=language)
    set_language(config.language, config.currency)
    show = Show(playbook, config.language, Path(out).absolute() if out else None)
    return open_client(config), show
