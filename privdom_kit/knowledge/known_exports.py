"""Presets: what is known of the exports of shops, WeCom and vendors, one YAML file each.

A preset says how an export's headers, codes and units become one canonical table. It holds facts
about files, not thresholds; what no source confirms stands under ``verify``.
"""

from __future__ import annotations

from dataclasses import fields
from functools import lru_cache

from privdom_kit.contracts import TABLES
from privdom_kit.knowledge.loading import FOLDER, check_allowed, check_text, read_yaml
from privdom_kit.knowledge.preset_parsing import (
    parse_cell,
    parse_days,
    parse_leave_out,
    parse_one_row,
    parse_sign,
    words,
)
from privdom_kit.knowledge.preset_rules import Preset

_PRESETS = FOLDER / "presets"


def preset_names() -> tuple[str, ...]:
    """Names of the bundled presets, sorted."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.yml")))


def load_presets() -> tuple[Preset, ...]:
    """All bundled presets by name."""
    return tuple(load_preset(name) for name in preset_names())


@lru_cache(maxsize=64)
def load_preset(name: str) -> Preset:
    """One bundled preset.

    Raises:
        KnowledgeError: The file is missing or says what the package cannot use.
    """
    file = f"{name}.yml"
    content = read_yaml(file, _PRESETS)
    known = [f.name for f in fields(Preset) if f.name != "name"]
    for key in content:
        check_allowed(key, known, file, name, "key")
    for key in ("title", "system", "request"):
        check_text(dict(content.get(key) or {"zh": "", "en": ""}), file, f"{name}.{key}")
    check_allowed(content.get("table"), TABLES, file, name, "table")
    spec = TABLES[content["table"]]
    columns = {}
    for column, rule in (content.get("columns") or {}).items():
        check_allowed(column, [c.name for c in spec.columns], file, name, "column")
        columns[column] = parse_cell(rule, file, f"{name}.{column}")
    simple = {k: content[k] for k in ("title", "system", "table", "source", "request")}
    needs = [parse_sign(sign, "otherwise", file, name) for sign in content.get("needs") or ()]
    refuses = [parse_sign(sign, "because", file, name) for sign in content.get("refuses") or ()]
    left_out = [parse_leave_out(entry, file, name) for entry in content.get("leave_out") or ()]
    return Preset(
        name,
        **simple,
        columns=columns,
        where=content.get("where"),
        notes=tuple(content.get("notes") or ()),
        verify=tuple(content.get("verify") or ()),
        missing=words(content.get("missing")),
        leave_out=tuple(left_out),
        one_row=parse_one_row(content.get("one_row"), spec, file, name),
        days=parse_days(content.get("days"), file, name),
        needs=tuple(needs),
        refuses=tuple(refuses),
    )
