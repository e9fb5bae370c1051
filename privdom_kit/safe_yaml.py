"""A YAML file that a stranger wrote: read as plain data, with the line of every key.

Only mappings, lists and plain values come out. Tags, duplicated keys, several documents, deep
nesting and alias bombs are refused with one sentence that names the line.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from privdom_kit.errors import ConfigError

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as _Base

# Bounds of what a person writes by hand (house rule, 2026-11); beyond them it is an attack or
# the wrong file.
MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_ALIASES = 10
MAX_SHOWN = 60

KeyPath = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The content of a YAML file and where each part stands.

    Attributes:
        path: The file, as given.
        data: The mapping in it, as plain dicts, lists and values.
        lines: Line (from 1) of each key path.
        texts: The value of each plain key path as it is written in the file.
    """

    path: Path
    data: dict[Any, Any]
    lines: dict[KeyPath, int] = field(default_factory=dict)
    texts: dict[KeyPath, str] = field(default_factory=dict)

    def place(self, keys: KeyPath) -> str:
        """``client.yml, line 9`` for the deepest part of ``keys`` that stands in the file."""
        for end in range(len(keys), 0, -1):
            if keys[:end] in self.lines:
                return f"{self.path}, line {self.lines[keys[:end]]}"
        return str(self.path)

    def shown(self, keys: KeyPath, value: Any) -> str:
        """The value as it is written in the file, cut to a readable length."""
        text = self.texts.get(keys) or (f"'{value}'" if isinstance(value, str) else f"{value}")
        return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def read_yaml(path: Path, purpose: str) -> YamlFile:
    """Read one mapping from a YAML file.

    Args:
        path: The file; messages name it as it is given here.
        purpose: What the file should hold, for the messages, e.g. ``a client's configuration``.

    Raises:
        ConfigError: The file cannot be read, is not UTF-8, or is not one plain mapping.
    """
    text = _read_text(path, purpose)
    try:
        _check_events(path, text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            file = YamlFile(path, {})
            _check_root(path, node, purpose)
            _index(file, node, ())
            file.data.update(loader.construct_document(node))
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise _syntax_error(path, text, error) from error
    return file


def _read_text(path: Path, purpose: str) -> str:
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror or error})",
            f"Expected {purpose}",
            "Check the path and the permissions",
        ) from error
    if size > MAX_BYTES:
        raise ConfigError(
            f"{path} is {size:,} bytes long",
            f"Expected {purpose} of at most {MAX_BYTES:,} bytes",
            "Check that this is the right file",
        )
    return _decode(path, raw)


def _decode(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(
            f"{path}, line {line} holds bytes that are not UTF-8",
            "Expected a text file in UTF-8",
            "Save it again as UTF-8 (in Windows Notepad: Save as, encoding UTF-8)",
        ) from error


class _Loader(_Base):
    """Plain values only; a number or date that cannot exist stays text for the schema to refuse."""


def _or_text(build: Any) -> Any:
    def construct(loader: Any, node: Any) -> Any:
        try:
            return build(loader, node)
        except (ValueError, OverflowError):
            return node.value

    return construct


for _tag, _build in (
    ("int", _Base.construct_yaml_int),
    ("float", _Base.construct_yaml_float),
    ("timestamp", _Base.construct_yaml_timestamp),
):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _or_text(_build))
_Loader.add_constructor("tag:yaml.org,2002:value", _Base.construct_yaml_str)


def _check_events(path: Path, text: str) -> None:
    """Refuse what plain data never needs, before anything is built from it."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=_Base):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        aliases += isinstance(event, yaml.AliasEvent)
        tag = getattr(event, "tag", None)
        if depth > MAX_DEPTH:
            raise _refusal(path, line, f"nests deeper than {MAX_DEPTH} levels", "Flatten it")
        if aliases > MAX_ALIASES:
            raise _refusal(
                path, line, f"uses more than {MAX_ALIASES} aliases (*name)", "Write the values out"
            )
        if tag is not None and tag != "!":
            raise _refusal(path, line, f"carries the tag {tag}", "Remove the tag")


def _refusal(path: Path, line: int, what: str, remedy: str) -> ConfigError:
    return ConfigError(
        f"{path}, line {line} {what}", "Expected plain keys, values and lists", remedy
    )


def _check_root(path: Path, node: Any, purpose: str) -> None:
    if node is None:
        raise ConfigError(f"{path} is empty", f"Expected {purpose}", "Fill it in")
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            f"{path} does not hold `key: value` lines",
            f"Expected {purpose}",
            "Check that this is the right file",
        )


def _index(file: YamlFile, node: Any, keys: KeyPath, above: tuple[int, ...] = ()) -> None:
    """Note the line and the written text of every part; refuse double and non-text keys."""
    if id(node) in above:
        line = node.start_mark.line + 1
        raise _refusal(file.path, line, "holds an alias (*name) to itself", "Write the values out")
    for part, child, mark in _children(file, node):
        path = (*keys, part)
        if isinstance(node, yaml.MappingNode) and path in file.lines:
            raise ConfigError(
                f"{file.path}, line {mark.line + 1}: {dotted(path)} stands twice "
                f"(first in line {file.lines[path]})",
                "Expected every key once",
                "Remove one of the two",
            )
        file.lines[path] = mark.line + 1
        if isinstance(child, yaml.ScalarNode):
            quote = child.style if child.style in ("'", '"') else ""
            file.texts[path] = f"{quote}{child.value}{quote}"
        _index(file, child, path, (*above, id(node)))


def _children(file: YamlFile, node: Any) -> Iterator[tuple[Hashable, Any, Any]]:
    if isinstance(node, yaml.SequenceNode):
        for position, child in enumerate(node.value):
            yield position, child, child.start_mark
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            yield _text_key(file, key), child, key.start_mark


def _text_key(file: YamlFile, key: Any) -> str:
    if isinstance(key, yaml.ScalarNode) and key.tag.endswith((":str", ":merge", ":value")):
        return str(key.value)
    line = key.start_mark.line + 1
    shown = key.value if isinstance(key, yaml.ScalarNode) else "a list or mapping"
    kind = key.tag.rsplit(":", 1)[-1]
    raise ConfigError(
        f"{file.path}, line {line}: the key {shown} is not text (YAML reads it as {kind})",
        "Expected a key that is text",
        f"Put quotes around it: '{shown}'" if isinstance(key, yaml.ScalarNode) else "",
    )


def dotted(keys: KeyPath) -> str:
    """``settings.layering.active_days`` of a key path."""
    return ".".join(str(key) for key in keys)


def _syntax_error(path: Path, text: str, error: yaml.YAMLError) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f"{path}, line {mark.line + 1}" if mark else str(path)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    lines = text.splitlines()
    if mark and mark.line < len(lines) and lines[mark.line].lstrip(" ").startswith("\t"):
        return ConfigError(
            f"{place} starts with a tab character",
            "Expected spaces, two a level",
            "Replace the tab by spaces",
        )
    return ConfigError(
        f"{place} is not valid YAML ({problem})",
        "Expected lines of the form `key: value`, indented by spaces",
        "Mend that line; put quotes around text that holds `: `, `#`, `@` or `*`",
    )
