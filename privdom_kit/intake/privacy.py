"""The client's secret and the keyed hash that stands in for every raw identifier.

The keyed hash is HMAC-SHA256 (RFC 2104) with a random 32-byte key per client. The key lies
beside the client, never in a report folder, readable by its owner only.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from privdom_kit.errors import DataError

_BLOCK = 64  # bytes, the block size of SHA-256
_SHOWN = 20  # hex digits of a keyed id that are kept: 80 bits


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A client's key, and where it lies.

    Attributes:
        path: File of the key.
        key: 32 random bytes.
        stored: Whether the file exists already.
    """

    path: Path
    key: bytes
    stored: bool

    def save(self) -> None:
        """Write the key, mode 0600, unless it is there already."""
        if self.stored:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(self.key.hex() + "\n")


def load_secret(path: Path) -> Secret:
    """The client's key, or a new one that :meth:`Secret.save` will keep.

    Raises:
        DataError: The file is there but does not hold a key.
    """
    if not path.exists():
        return Secret(path, secrets.token_bytes(32), stored=False)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError):
        key = b""
    if len(key) != 32:
        raise DataError(
            f"{path} does not hold a key of this client",
            "expected 64 hexadecimal digits",
            "Restore the file from a backup; if it is lost, delete it: a new key is made, and "
            "ids in earlier audience files can no longer be turned back",
        )
    return Secret(path, key, stored=True)


def keyed_id_sql(key: bytes, message: str) -> str:
    """SQL of the keyed id of ``message``, an SQL text expression; null stays null."""
    padded = key.ljust(_BLOCK, b"\0")
    inner = _blob(bytes(byte ^ 0x36 for byte in padded))
    outer = _blob(bytes(byte ^ 0x5C for byte in padded))
    digest = f"unhex(sha256({inner} || encode({message})))"
    return f"'c' || left(sha256({outer} || {digest}), {_SHOWN})"


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::BLOB"
