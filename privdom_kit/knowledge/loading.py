"""Reading the YAML files of this folder into frozen records, with every field checked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from privdom_kit.errors import ConfigError, nearest

FOLDER = Path(__file__).parent
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Record = TypeVar("Record")


class KnowledgeError(ConfigError):
    """A file of the knowledge folder says something that the package cannot use."""


def read_yaml(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """Read one file of the knowledge folder.

    Args:
        name: File name, as "methods.yml".
        folder: Where it lies.

    Raises:
        KnowledgeError: The file is missing, is no YAML, or holds no mapping.
    """
    path = folder / name
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError as error:
        raise KnowledgeError(
            f"{name} is not in {folder.name}/",
            "the files that the package ships",
            "Install the package again",
        ) from error
    except yaml.YAMLError as error:
        raise broken(name, "the file", f"is no YAML ({error})", "valid YAML") from error
    if not isinstance(content, dict):
        raise broken(name, "the file", f"holds a {type(content).__name__}", "a mapping")
    return content


def build_records(cls: type[Record], entries: Any, name: str, key: str = "id") -> dict[str, Record]:
    """Turn the entries of a file into records by id, in the file's order.

    Lists become tuples, so that a frozen record holds nothing that can change.

    Args:
        cls: A dataclass whose fields are exactly the fields that an entry may have.
        entries: List of mappings as read from the file.
        name: File name, for the error.
        key: Field that identifies an entry.

    Raises:
        KnowledgeError: No list, an entry without id, an id given twice, an unknown or a missing
            field.
    """
    if not isinstance(entries, list):
        raise broken(name, "the file", f"lists {type(entries).__name__}", "a list of entries")
    records: dict[str, Record] = {}
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, Mapping) or not isinstance(entry.get(key), str):
            raise broken(name, f"entry {number}", f"has no {key}", f"a text under {key}")
        label = entry[key]
        if label in records:
            raise broken(name, label, "stands twice", f"each {key} once")
        _check_fields(cls, entry, name, label)
        records[label] = cls(**{field: _freeze(value) for field, value in entry.items()})
    return records


def check_allowed(value: Any, allowed: Collection[str], name: str, label: str, field: str) -> None:
    """Raise KnowledgeError unless ``value`` is one of ``allowed``."""
    if value in allowed:
        return
    close = nearest(str(value), allowed)
    hint = f" (nearest: {close[0]})" if close else ""
    raise broken(
        name, label, f'has {field} "{value}"', f"one of {', '.join(sorted(allowed))}{hint}"
    )


def check_text(values: Mapping[str, Any], name: str, label: str) -> None:
    """Raise KnowledgeError unless every value is a text with something in it."""
    for field, value in values.items():
        if not isinstance(value, str) or not value.strip():
            raise broken(name, label, f"has {field} {value!r}", "a text that is not empty")


def broken(name: str, label: str, found: str, expected: str) -> KnowledgeError:
    """The error for an entry, in the three parts that every error here has."""
    return KnowledgeError(f"{name}: {label} {found}", expected, f"Correct knowledge/{name}")


def _check_fields(cls: type, entry: Mapping[str, Any], name: str, label: str) -> None:
    known = [field.name for field in fields(cls)]
    for field in entry:
        check_allowed(field, known, name, label, "field")
    missing = [field for field in _required(cls) if field not in entry]
    if missing:
        raise broken(name, label, f"lacks {', '.join(missing)}", f"the fields {', '.join(known)}")


def _required(cls: type) -> Iterable[str]:
    for field in fields(cls):
        if field.default is MISSING and field.default_factory is MISSING:
            yield field.name


def _freeze(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
