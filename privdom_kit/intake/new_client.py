"""``privdom new``: a client folder to fill, and the sheet that asks the brand for its exports."""

from __future__ import annotations

import csv
import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from privdom_kit.contracts import TABLES, TableSpec
from privdom_kit.errors import ConfigError
from privdom_kit.intake.data_request import write_data_request
from privdom_kit.intake.forms_template import register_lines
from privdom_kit.knowledge.known_exports import load_presets
from privdom_kit.knowledge.preset_rules import Preset

REQUEST = "data_request.xlsx"

_WORDS = {
    "zh": {
        "head": "客户配置。路径相对本文件；删去行首的 # 启用一行。",
        "client": "短名，也是报告文件夹的名字：a-z、0-9、_、-",
        "brand": "报告里显示的品牌名",
        "zone": "数据里不带时区的时间属于哪个时区",
        "as_of": "计算只看到这一天为止",
        "tables": "每张表一行：path 是文件、通配或文件夹（CSV、XLSX、Parquet）。",
        "preset": "preset 是已知导出的名字；columns 写「规范列: 文件表头」；"
        "values 写「列: {原值: 规范值}」；also 列出填同一张表的其他导出。",
        "own": "没有预设的表：按 tables/ 里的表头填写，再启用。",
        "settings": "阈值，都有默认值",
        "economics": "没有写的不推算",
        "gross_margin": "毛利占收入的份额",
        "sms_cost": "每条短信的成本",
        "call_cost": "每通外呼的成本",
        "discount_rate": "年贴现率",
        "customer_value": "留住一位好友值多少钱（按品牌货币）",
        "forms": "顾问填写：系统、授权、触点、权益、文案、评分等。没有写的就是「没有说明」。",
        "system": "品牌用的系统：谁负责、导出哪些表、含哪些标识、是否官方允许、是否有许可",
        "consent": "各渠道的营销授权：人数、有授权记录的人数、发送时是否排除无授权者",
        "joining": "打通的四步：是否到位、凭什么",
        "shop": "有赞商城",
        "owner": "张三",
        "evidence": "2026-05 抽查 100 人",
    },
    "en": {
        "head": "A client's configuration. Paths are relative to this file; without its # a line "
        "counts.",
        "client": "short name, also the folder of its reports: a-z, 0-9, _ and -",
        "brand": "the brand's name as reports show it",
        "zone": "zone of times in the data that carry none",
        "as_of": "the last day that any calculation sees",
        "tables": "One line a table: path is a file, a pattern or a folder (CSV, XLSX, Parquet).",
        "preset": "preset names a known export; columns maps canonical column to header; values "
        "maps a column's words to canonical ones.",
        "own": "Tables without a preset: fill them in under the headers in tables/, then use them.",
        "settings": "thresholds, each with a default",
        "economics": "what is not written is not guessed",
        "gross_margin": "gross margin as a share of revenue",
        "sms_cost": "cost of a text message",
        "call_cost": "cost of an outbound call",
        "discount_rate": "discount rate a year",
        "customer_value": "what a kept contact is worth, in currency",
        "forms": "Filled in by the consultant: systems, consent, touchpoints, benefits, texts, "
        "ratings. What is not written counts as not stated.",
        "system": "the brand's systems: owner, tables exported, ids held, allowed by the "
        "platforms, licensed",
        "consent": "marketing consent by channel: people, people with consent on record, whether "
        "the others are left out",
        "joining": "the four steps of joining up: in place, and what shows it",
        "shop": "Youzan shop",
        "owner": "Zhang San",
        "evidence": "100 people checked by hand in 2026-05",
    },
}


def write_client_folder(folder: Path, language: str, today: dt.date) -> list[Path]:
    """Write a client folder: client.yml, forms.yml, empty tables, the data-request sheet.

    Args:
        folder: The folder; made, or empty.
        language: zh or en, of the comments and the client.
        today: Decides ``as_of``: the last day of the month before.

    Returns:
        The files written, relative to the folder.

    Raises:
        ConfigError: The folder holds something, or cannot be made.
    """
    _check_free(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror})",
            "expected a place for a new folder",
            "Give another folder",
        ) from error
    try:
        _fill(draft, _short_name(folder), language, today)
        if folder.is_dir():
            folder.rmdir()
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        what = "holds something already" if folder.is_dir() else "is a file"
        raise ConfigError(
            f"{folder} {what}", "expected a folder that is new or empty", "Give another folder"
        )


def _short_name(folder: Path) -> str:
    """A client name from the folder's, as far as that allows."""
    name = re.sub(r"[^a-z0-9_-]+", "_", folder.name.lower()).strip("_-")[:64]
    return name or "new_client"


def _fill(folder: Path, client: str, language: str, today: dt.date) -> None:
    presets = load_presets()
    as_of = today.replace(day=1) - dt.timedelta(days=1)
    (folder / "exports").mkdir()
    (folder / "tables").mkdir()
    _write(folder / "client.yml", _client_yml(client, language, as_of, presets))
    _write(folder / "forms.yml", _forms_yml(language))
    for spec in TABLES.values():
        _write_header(folder / "tables" / f"{spec.name}.csv", spec)
    write_data_request(folder / REQUEST, presets, as_of)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_header(path: Path, spec: TableSpec) -> None:
    # With a byte order mark, so that spreadsheets read what is typed into it as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerow([column.name for column in spec.columns])


def _client_yml(client: str, language: str, as_of: dt.date, presets: Sequence[Preset]) -> str:
    say = _WORDS[language]
    by_table: dict[str, list[str]] = {name: [] for name in TABLES}
    for preset in presets:
        by_table[preset.table].append(preset.name)
    known = [
        f"  # {table}: {{path: exports/{name}.csv, preset: {name}}}"
        for table, names in by_table.items()
        for name in names
    ]
    own = [f"  # {name}: {{path: tables/{name}.csv}}" for name in TABLES]
    return "\n".join(
        [
            f"# {say['head']}",
            f"client: {client}  # {say['client']}",
            f"brand: {client}  # {say['brand']}",
            f"language: {language}",
            f"timezone: Asia/Shanghai  # {say['zone']}",
            "currency: CNY",
            f"as_of: {as_of}  # {say['as_of']}",
            "",
            f"# {say['tables']}",
            f"# {say['preset']}",
            "tables:",
            *known,
            f"  # {say['own']}",
            *own,
            "",
            f"settings:  # {say['settings']}",
            "  # layering: {active_days: 30}",
            "  # intake: {max_bad_share: 0.05}",
            "",
            f"economics:  # {say['economics']}",
            *(f"  # {key}:   # {say[key]}" for key in _ECONOMICS),
            "",
            "forms: forms.yml",
            "",
        ]
    )


_ECONOMICS = ("gross_margin", "discount_rate", "sms_cost", "call_cost", "customer_value")


def _forms_yml(language: str) -> str:
    say = _WORDS[language]
    return "\n".join(
        [
            f"# {say['forms']}",
            f"systems:  # {say['system']}",
            f"  # {say['shop']}:",
            f"  #   owner: {say['owner']}",
            "  #   exports: [orders, order_items, members]",
            "  #   ids: [phone, member_id]",
            "  #   refresh_days: 30",
            "  #   official: true",
            "  #   licensed: true",
            "",
            f"consent:  # {say['consent']}",
            "  # channels:",
            "  #   sms: {people: 12000, with_consent: 9000, left_out: true}",
            "  # platform_limits_kept: true",
            "  # platform_limits_checked_on: 2026-05-31",
            "",
            f"joining_up:  # {say['joining']}",
            f"  # tags_and_ids: {{in_place: true, evidence: {say['evidence']}}}",
            "",
            *register_lines(language),
        ]
    )
