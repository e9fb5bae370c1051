"""An unknown export: a mapping to confirm, proposed from its headers. Never applied by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from privdom_kit.contracts import IDENTITIES, TABLES, TableSpec
from privdom_kit.errors import DataError
from privdom_kit.intake.headers import Headers, normalise, number_repeats
from privdom_kit.intake.sources import peek_headers
from privdom_kit.knowledge.known_exports import load_presets
from privdom_kit.knowledge.preset_rules import Preset

if TYPE_CHECKING:
    from privdom_kit.config import ClientConfig, TableSource

_NEAR = 0.72  # likeness of two headers from which one is offered for the other
_HINTED = 0.75  # likeness of a header that holds a telling word
_HEADERS = 500  # headers of a file that are looked at
# Words that tell what a header is about, however the rest of it reads; the longest wins.
_HINTS = {
    "order_id": ("订单号", "订单编号", "单号", "order no", "order number"),
    "paid_at": ("付款时间", "支付时间", "成交时间", "付款日期", "pay time", "payment time"),
    "amount": ("实付", "实收", "支付金额", "付款金额", "成交金额", "销售额", "paid", "total"),
    "refund_amount": ("退款金额", "已退款", "refund"),
    "status": ("订单状态", "交易状态", "status"),
    "phone": ("手机", "电话", "phone", "mobile"),
    "customer_id": ("客户id", "客户编号", "用户id", "用户编号", "customer"),
    "member_id": ("会员号", "会员卡号", "会员编号", "会员id"),
    "buyer_id": ("买家昵称", "买家会员名", "下单账号", "buyer"),
    "union_id": ("unionid",),
    "open_id": ("openid",),
    "external_user_id": ("external", "外部联系人"),
    "sku": ("sku", "商品编码", "货号", "商家编码"),
    "quantity": ("数量", "件数", "qty"),
    "category": ("类目", "品类", "分类"),
    "staff_id": ("员工", "导购", "跟进人", "staff"),
    "added_at": ("添加时间", "加好友时间", "加粉时间"),
    "removed_at": ("流失时间", "删除时间"),
    "registered_at": ("注册时间", "入会时间", "成为会员时间"),
    "subscribed_at": ("关注时间",),
    "unsubscribed_at": ("取关时间", "取消关注时间"),
    "sent_at": ("发送时间", "send time"),
    "platform": ("平台", "销售渠道"),
    "store_id": ("门店", "店铺"),
    "coupon_code": ("优惠券", "券码", "coupon"),
    "entry_code": ("渠道码", "活码"),
    "date": ("日期", "date"),
}
_FITS = 0.6  # share of a preset's columns in a file from which the preset is offered


@dataclass(frozen=True, slots=True)
class Guess:
    """One proposed column.

    Attributes:
        header: The file's header.
        sure: Whether a known export or the canonical name writes it so, not just nearly.
    """

    header: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to write into client.yml for one table.

    Attributes:
        table: Canonical table.
        file: Name of the file.
        preset: A bundled preset that fits; empty where none does.
        other: Presets of other tables that fit: the file may stand in the wrong place.
        columns: Proposed header by canonical column.
        missing: Required columns for which nothing was found.
        path: As written in client.yml.
    """

    table: str
    file: str
    preset: str
    other: tuple[str, ...]
    columns: Mapping[str, Guess]
    missing: tuple[str, ...]
    path: str = ""

    def to_yaml(self) -> str:
        """The lines to paste under ``tables:``, each guess marked."""
        lines = [f"  {self.table}:", f"    path: {_scalar(self.path)}"]
        if self.preset:
            return "\n".join([*lines, f"    preset: {self.preset}"]) + "\n"
        lines.append("    columns:")
        for name, guess in self.columns.items():
            note = "" if guess.sure else "  # a guess: confirm or correct"
            lines.append(f"      {name}: {_scalar(guess.header)}{note}")
        lines += [f"      # {name}: ?  (required, nothing like it)" for name in self.missing]
        return "\n".join(lines) + "\n"


def propose(config: ClientConfig) -> list[Proposal]:
    """Proposals for the tables whose files lack a required column."""
    limit = config.settings.intake.xlsx_max_mb << 20
    found = []
    for name, table in config.tables.items():
        for part in table.parts:
            try:
                headers = peek_headers(part.files[0], limit)
            except (DataError, OSError):
                continue  # not readable at all: the check says so, there is nothing to propose
            if _lacks(TABLES[name], part, headers):
                proposal = propose_columns(TABLES[name], headers, part.files[0].name)
                found.append(replace(proposal, path=part.path))
    return found


def propose_columns(spec: TableSpec, headers: Sequence[str], file: str = "") -> Proposal:
    """A mapping of a file's headers to a canonical table.

    Args:
        spec: The table.
        headers: The file's headers.
        file: Its name.
    """
    known = Headers(headers)
    fits = sorted(
        ((share, p) for p in load_presets() if (share := _fit(p, known)) >= _FITS),
        key=lambda pair: (-pair[0], pair[1].name),
    )
    same = [preset for _, preset in fits if preset.table == spec.name]
    columns = _match(spec, headers)
    missing = tuple(name for name in spec.required if name not in columns)
    person = any(name in columns for name in IDENTITIES)
    if spec.person == "yes" and not person and not missing:
        missing = ("customer_id",)
    return Proposal(
        spec.name,
        file,
        same[0].name if same else "",
        tuple(preset.name for _, preset in fits if preset.table != spec.name)[:3],
        columns,
        missing,
    )


def _lacks(spec: TableSpec, table: TableSource, headers: Sequence[str]) -> bool:
    """Whether a required column is not found as client.yml stands."""
    from privdom_kit.intake.shaping import preset_of, rules_of

    known, rules, preset = Headers(headers), rules_of(spec, table), preset_of(table)
    if any(known.find(header) is None for header in table.columns.values()):
        return True
    for name in spec.required:
        rule = rules.get(name)
        if rule is None:
            continue  # touchpoint, metric and value of a wide statistic
        if not rule.constant and known.find(*(rule.mentioned or (name,))) is None:
            return True
    if preset and preset.days:
        named = (metric.headers for metric in preset.days.metrics.values())
        return all(known.find(*names) is None for names in named)
    return False


def _fit(preset: Preset, known: Headers) -> float:
    """Share of a preset's columns that the file has; 0 where a required one is not."""
    rules = {n: cell for n, cell in preset.columns.items() if not cell.constant}
    there = {n for n, cell in rules.items() if known.find(*cell.mentioned) is not None}
    if not {n for n in preset.spec.required if n in rules} <= there:
        return 0.0
    if any(known.find(*sign.headers) is None for sign in preset.needs):
        return 0.0
    if any(known.find(*sign.headers) is not None for sign in preset.refuses):
        return 0.0
    if not preset.days:
        return len(there) / len(rules)
    metrics = [m for m in preset.days.metrics.values() if known.find(*m.headers) is not None]
    return len(metrics) / len(preset.days.metrics)


def _match(spec: TableSpec, headers: Sequence[str]) -> dict[str, Guess]:
    """Headers by canonical column, sure ones first; no header stands for two columns."""
    names = [name for name in number_repeats([h.strip() for h in headers[:_HEADERS]]) if name]
    words = _vocabulary(spec)
    scored = sorted(
        (
            (-_likeness(column, header, alternatives), column, header)
            for column, alternatives in words.items()
            for header in names
        ),
    )
    taken: dict[str, Guess] = {}
    for score, column, header in scored:
        used = {guess.header for guess in taken.values()}
        if -score >= _NEAR and column not in taken and header not in used:
            taken[column] = Guess(header, sure=score == -1.0)
    return {c.name: taken[c.name] for c in spec.columns if c.name in taken}


def _vocabulary(spec: TableSpec) -> dict[str, set[str]]:
    """What each column is called in known exports and in the contract."""
    words = {c.name: {normalise(c.name)} for c in spec.columns}
    for preset in load_presets():
        for name, cell in preset.columns.items():
            column = next((c for c in spec.columns if c.name == name), None)
            alike = preset.table == spec.name or (column and column.kind == "identity")
            if column and alike and not cell.join:
                words[name] |= {normalise(header) for header in cell.headers}
    return words


def _likeness(column: str, header: str, alternatives: Iterable[str]) -> float:
    """1.0 where the header is one of the alternatives, else the best likeness below it."""
    mine = normalise(header)
    held = [hint for hint in _HINTS.get(column, ()) if normalise(hint) in mine]
    best = _HINTED + max(map(len, held)) / 1000 if held else 0.0
    for word in alternatives:
        if word == mine:
            return 1.0
        matcher = SequenceMatcher(None, mine, word)
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best:
            best = max(best, min(matcher.ratio(), 0.99))
    return best


def _scalar(text: str) -> str:
    """A text as YAML, in quotes where it needs them."""
    import json

    plain = text and text.strip() == text and not set(text) & set(":#{}[],&*?|<>=!%@`'\"\\-")
    plain = plain and text.lower() not in ("yes", "no", "on", "off", "true", "false", "null", "~")
    plain = plain and not text[0].isdigit()
    return text if plain else json.dumps(text, ensure_ascii=False)
