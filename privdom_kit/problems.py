"""What is wrong with a configuration file: file, line, key, value and what is allowed."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from privdom_kit.errors import ConfigError, nearest
from privdom_kit.safe_yaml import KeyPath, YamlFile, dotted

MAX_LISTED = 5
_MISSING = "is missing"
_MIN_GUESSED = 3  # shorter values are near to anything

_TYPES = {
    int: "a whole number",
    float: "a number",
    str: "text",
    bool: "true or false",
    dt.date: "a date such as 2026-05-31",
}
_BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be used.

    Attributes:
        keys: Where it stands in the file, as a path of keys.
        found: What was found there, after the key's name: ``is 'abc'``.
        expected: What would have been accepted, as a sentence.
        remedy: What to do next, as a sentence; may be empty.
        meant: The known key that was probably meant; empty where none is near.
    """

    keys: KeyPath
    found: str
    expected: str
    remedy: str = ""
    meant: str = ""

    def error(self, file: YamlFile) -> ConfigError:
        """The problem as an error that names the file and the line."""
        found = f"{file.place(self.keys)}: {dotted(self.keys)} {self.found}"
        return ConfigError(found, self.expected, self.remedy)


def raise_problems(file: YamlFile, problems: Sequence[Problem]) -> None:
    """Raise the problems of a file, at most :data:`MAX_LISTED` of them, in one paragraph.

    Raises:
        ConfigError: There is at least one problem.
    """
    if not problems:
        return
    first, *others = sorted(problems, key=lambda problem: _line(file, problem.keys))
    if not others:
        raise first.error(file)
    listed = [str(problem.error(file)) for problem in (first, *others)[:MAX_LISTED]]
    rest = len(problems) - MAX_LISTED
    raise ConfigError(" ".join(listed), f"And {rest} more in the same file" if rest > 0 else "")


def _line(file: YamlFile, keys: KeyPath) -> int:
    ends = range(len(keys), 0, -1)
    return next((file.lines[keys[:end]] for end in ends if keys[:end] in file.lines), 0)


def schema_problems(
    error: ValidationError, file: YamlFile, model: type[BaseModel], above: KeyPath = ()
) -> list[Problem]:
    """The problems that a schema found, with what each field would have accepted.

    Args:
        error: What the schema raised.
        file: The file.
        model: The schema.
        above: Where in the file the schema's content stands.
    """
    problems = [_schema_problem(one, file, model, above) for one in error.errors(include_url=False)]
    # a misspelt required key is one mistake, not two
    meant = {(*problem.keys[:-1], problem.meant) for problem in problems if problem.meant}
    return [p for p in problems if p.found != _MISSING or p.keys not in meant]


def _schema_problem(detail: Any, file: YamlFile, model: type[BaseModel], above: KeyPath) -> Problem:
    inside: KeyPath = detail["loc"]
    keys = (*above, *inside)
    if detail["type"] == "extra_forbidden":
        return unknown_key(file, keys, detail["input"], _known_keys(model, inside[:-1]))
    field, annotation = _find_field(model, inside)
    expected = f"Expected {describe_field(field, annotation)}"
    if detail["type"] == "missing":
        return Problem(keys, _MISSING, expected, f"Add a line `{keys[-1]}: …`")
    value = detail["input"]
    remedy = _remedy(file.shown(keys, value), annotation, value)
    return Problem(keys, _found(file, keys, value), expected, remedy)


def unknown_key(
    file: YamlFile, keys: KeyPath, value: Any, known: Iterable[str], elsewhere: Iterable[str] = ()
) -> Problem:
    """A key that is not known there, with the nearest one that is.

    Args:
        file: The file that it stands in.
        keys: Path of the key.
        value: Its value.
        known: Keys that may stand there.
        elsewhere: Dotted names of keys that may stand in other places.
    """
    known = list(known)
    guess = nearest(str(keys[-1]), known) or nearest(dotted(keys), elsewhere)
    shown = "" if isinstance(value, (dict, list)) else f" (value {file.shown(keys, value)})"
    return Problem(
        keys,
        f"{shown.lstrip()} is not a known key".lstrip(),
        f"Expected one of {', '.join(known)}" if known else "Expected no key there",
        f"Did you mean {guess[0]}?" if guess else "Remove it or correct its name",
        meant=guess[0] if guess else "",
    )


def _found(file: YamlFile, keys: KeyPath, value: Any) -> str:
    if value is None:
        return "has no value"
    if isinstance(value, (dict, list)):
        return "holds a list" if isinstance(value, list) else "holds `key: value` lines"
    return f"is {file.shown(keys, value)}"


def _remedy(shown: str, annotation: Any, value: Any) -> str:
    if value is None:
        return "Give a value or remove the key"
    if _takes_text(annotation) and isinstance(value, (bool, int, float, dt.date)):
        return f"YAML reads it as {_yaml_kind(value)}; put quotes around it: '{shown}'"
    choices = map(str, get_args(annotation)) if get_origin(annotation) is Literal else ()
    guess = nearest(str(value), choices) if len(str(value)) >= _MIN_GUESSED else []
    return f"Did you mean {guess[0]}?" if guess else "Correct the value"


def _takes_text(annotation: Any) -> bool:
    return annotation is str or str in get_args(annotation)


def _yaml_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a date" if isinstance(value, dt.date) else "a number"


def describe_field(field: FieldInfo | None, annotation: Any = None) -> str:
    """What a field accepts, in words: ``a whole number from 1 to 3650 (days)``.

    Args:
        field: The field.
        annotation: Type of the value where it is an entry of the field's mapping.
    """
    if field is None or (annotation is not None and annotation != field.annotation):
        return _describe_type(annotation)
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    words = str(extra.get("accepts") or _describe_type(field.annotation))
    limits = _describe_limits(field.metadata)
    unit = f" ({extra['unit']})" if "unit" in extra else ""
    return f"{words}{limits}{unit}"


def _describe_type(annotation: Any) -> str:
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return " or ".join(_describe_type(part) for part in parts)
    if get_origin(annotation) is Literal:
        return f"one of {', '.join(map(str, get_args(annotation)))}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        keys = ", ".join(annotation.model_fields)
        return f"`key: value` lines with the keys {keys}" if keys else "nothing"
    if get_origin(annotation) is dict:
        return "`key: value` lines"
    if get_origin(annotation) in (tuple, list):
        return f"a list of values, each {_describe_type(get_args(annotation)[0])}"
    return _TYPES.get(annotation, "another value")


def _describe_limits(metadata: Iterable[Any]) -> str:
    bounds = {
        name: f"{getattr(limit, name):,}"
        for limit in metadata
        for name in _BOUNDS
        if getattr(limit, name, None) is not None
    }
    if set(bounds) == {"ge", "le"}:
        return f" from {bounds['ge']} to {bounds['le']}"
    return "".join(f" {_BOUNDS[name].format(bound)}" for name, bound in bounds.items())


def _known_keys(model: type[BaseModel], keys: KeyPath) -> list[str]:
    annotation = _find_field(model, keys)[1] if keys else model
    inner = _model_of(annotation)
    return list(inner.model_fields) if inner else []


def _find_field(model: type[BaseModel], keys: KeyPath) -> tuple[FieldInfo | None, Any]:
    """The field at a key path, and the type of the value there (an entry's, in a mapping)."""
    field: FieldInfo | None = None
    annotation: Any = model
    for key in keys:
        current = _model_of(annotation)
        if get_origin(annotation) is dict:
            annotation = get_args(annotation)[1]
        elif get_origin(annotation) in (list, tuple):
            annotation = get_args(annotation)[0]
        elif current is not None and key in current.model_fields:
            field = current.model_fields[key]
            annotation = field.annotation
    return field, annotation


def _model_of(annotation: Any) -> type[BaseModel] | None:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None
