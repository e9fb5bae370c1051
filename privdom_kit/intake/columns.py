"""Canonical columns from raw ones: SQL that converts a value and says what is wrong with it.

A value is never guessed: what does not convert makes its row bad, with the column and the
reason. Blank is missing; only a required column minds.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass

from privdom_kit.contracts import CHILD_BANDS, CHILD_VALUES, Column

# Larger amounts are not money of a shop but a number in the wrong column (house, 2026-11).
_LARGEST = 1e13
_YEARS = (1990, 2100)
_YES = ("true", "1", "yes", "y", "t", "是", "有")
_NO = ("false", "0", "no", "n", "f", "否", "无")
# What exports write into a number or a time that is not there.
_NONE = ("-", "--", "—", "——", "null", "NULL", "None", "N/A", "#N/A", "\\N")
# How values look that may have something to clean off, by what a file has of it (``{}``: value).
MARKS = {
    "formula": "starts_with({}, '=')",
    "tab": "contains({}, chr(9))",
    "apostrophe": "starts_with(ltrim({}), '''')",
    "wide": "{} >= '\uff01'",
    "unseen": "contains({}, '\u200b')",
    "hard blank": "contains({}, '\u00a0')",
    "wide blank": "contains({}, '\u3000')",
}
_BLANKS = "' ' || chr(9) || chr(10) || chr(13) || '\u3000\u00a0\u200b\ufeff'"
_WIDE = "０１２３４５６７８９．，－：／＋￥"
_NARROW = "0123456789.,-:/+¥"
_TIME_PATTERNS = (
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y年%m月%d日",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y.%m.%d",
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
)


@dataclass(frozen=True, slots=True)
class Clock:
    """How the client's times become seconds and days.

    Attributes:
        zone: IANA name.
        offset: Seconds east of UTC where the zone has had one offset since 1992; else None.
    """

    zone: str
    offset: int | None

    @classmethod
    def of(cls, zone: str) -> Clock:
        """The clock of an IANA zone."""
        info = zoneinfo.ZoneInfo(zone)
        moments = [dt.datetime(y, m, 1) for y in range(1992, 2038) for m in range(1, 13)]
        offsets = {moment.replace(tzinfo=info).utcoffset() for moment in moments}
        only = offsets.pop() if len(offsets) == 1 else None
        return cls(zone, None if only is None else int(only.total_seconds()))

    def end_of(self, day: dt.date) -> int:
        """The first second after a day of the client, in epoch seconds."""
        midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
        return int(midnight.replace(tzinfo=zoneinfo.ZoneInfo(self.zone)).timestamp())

    def day_sql(self, seconds: str) -> str:
        """SQL of the client's own day of epoch seconds."""
        if self.offset is not None:
            return f"CAST(({seconds} + {self.offset}) // 86400 AS INTEGER)"
        local = f"timezone('{self.zone}', to_timestamp({seconds}))"
        return f"CAST(epoch_us({local}) // 86400000000 AS INTEGER)"

    def seconds_sql(self, local: str) -> str:
        """SQL of the epoch seconds of a local TIMESTAMP expression."""
        if self.offset is not None:
            return f"(epoch_us({local}) // 1000000 - {self.offset})"
        return f"(epoch_us(timezone('{self.zone}', {local})) // 1000000)"


def once_sql(value: str, body: str) -> str:
    """SQL of ``body``, an expression of ``x``, computed only where it is reached.

    The engine computes an expression that stands twice in a query once for all rows, also when
    it stands in branches that few rows take; inside a lambda it stays where it is.
    """
    return f"list_transform([{value}], lambda x: {body})[1]"


def text_sql(raw: str, kind: str) -> str:
    """A trimmed text, null where blank."""
    text = raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"
    return f"nullif(trim({text}), '')"


def missing_sql(raw: str, kind: str) -> str:
    """Whether a raw value is blank; cheap where it is not."""
    if kind != "VARCHAR":
        return f"{raw} IS NULL"
    # A blank value sorts below '!', hardly any other does: the comparison spares the trim.
    return f"({raw} IS NULL OR ({raw} < '!' AND trim({raw}) = ''))"


def none_sql(raw: str, kind: str) -> str:
    """Whether a raw number or time is blank or a word that exports write for "none"."""
    if kind != "VARCHAR":
        return f"{raw} IS NULL"
    words = ", ".join(f"'{word}'" for word in ("", *_NONE))
    # In a lambda: elsewhere the engine makes a join of a long IN, and trims every row for it.
    return f"({raw} IS NULL OR {once_sql(raw, f'trim(x) IN ({words})')})"


def clean_sql(raw: str, marks: Collection[str]) -> str:
    """A value without what exports put around it: ="123", a leading TAB or ', unseen blanks.

    Full-width digits and punctuation become half-width ones where ``marks`` names ``wide``.

    Args:
        raw: The value, a column.
        marks: What the file has of it: keys of :data:`MARKS`.
    """
    suspect = " OR ".join(MARKS[mark].replace("{}", raw) for mark in sorted(marks))
    narrow = f"translate(x, '{_WIDE}', '{_NARROW}')" if "wide" in marks else "x"
    trimmed = f"trim({narrow}, {_BLANKS})"
    whole = """CASE WHEN starts_with(x, '="') THEN trim(x, '="')
        WHEN starts_with(x, '''') AND NOT contains(x[2:], '''') THEN trim(x[2:]) ELSE x END"""
    body = f"list_transform([{trimmed}], lambda x: {whole})[1]"
    return f"CASE WHEN {suspect} THEN {once_sql(raw, body)} ELSE {raw} END"


def time_sql(raw: str, kind: str, clock: Clock) -> str:
    """Epoch seconds of a time in any of the forms that exports use; null where it is none."""
    if kind.startswith("TIMESTAMP WITH"):
        return f"(epoch_us({raw}) // 1000000)"
    if kind.startswith("TIMESTAMP"):
        return clock.seconds_sql(f"CAST({raw} AS TIMESTAMP)")
    if kind == "DATE":
        return clock.seconds_sql(f"CAST({raw} AS TIMESTAMP)")
    text = raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"
    zoned = f"""(strlen({text}) > 19 AND ({text} LIKE '%+%' OR {text} LIKE '%Z'
        OR {text} LIKE '____-__-__T%-%'))"""
    patterns = ", ".join(f"'{p}'" for p in _TIME_PATTERNS)
    # Of nine characters and more, so that "epoch" and "infinity" are no times.
    local = f"CASE WHEN strlen({text}) BETWEEN 9 AND 19 THEN TRY_CAST({text} AS TIMESTAMP) END"
    parsed = f"coalesce(TRY_CAST(x AS TIMESTAMP), try_strptime(x, [{patterns}]))"
    careful = f"""CASE WHEN regexp_full_match(x, '[0-9]{{10}}') THEN CAST(x AS BIGINT)
        WHEN regexp_full_match(x, '[0-9]{{13}}') THEN CAST(x AS BIGINT) // 1000
        WHEN x[1] BETWEEN '0' AND '9' THEN {clock.seconds_sql(parsed)} END"""
    return f"""CASE WHEN {zoned} THEN epoch_us(TRY_CAST(trim({text}) AS TIMESTAMPTZ)) // 1000000
        ELSE coalesce({clock.seconds_sql(local)}, {once_sql(f"trim({text})", careful)}) END"""


def date_sql(raw: str, kind: str, clock: Clock) -> str:
    """The day number of a date (or of a time's own day)."""
    if kind == "DATE":
        return f"CAST(datediff('day', DATE '1970-01-01', {raw}) AS INTEGER)"
    return clock.day_sql(time_sql(raw, kind, clock))


def number_sql(raw: str, kind: str) -> str:
    """A number; thousands separators, a currency sign before and 元 behind are read."""
    if kind == "BOOLEAN":
        return "NULL"
    if kind != "VARCHAR":
        return f"TRY_CAST({raw} AS DOUBLE)"
    clean = f"regexp_replace(trim({raw}), '^[¥￥]|元$', '', 'g')"
    grouped = "regexp_full_match(x, '[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?')"
    careful = f"TRY_CAST(CASE WHEN {grouped} THEN replace(x, ',', '') ELSE x END AS DOUBLE)"
    return f"coalesce(TRY_CAST({raw} AS DOUBLE), {once_sql(clean, careful)})"


def flag_sql(raw: str, kind: str) -> str:
    """1 or 0."""
    yes, no = (", ".join(f"'{word}'" for word in words) for words in (_YES, _NO))
    careful = f"CASE WHEN x IN ({yes}) THEN 1 WHEN x IN ({no}) THEN 0 END"
    careful = once_sql(f"lower({text_sql(raw, kind)})", careful)
    if kind != "VARCHAR":
        return careful
    return f"CASE {raw} WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {careful} END"


def month_sql(raw: str, kind: str, clock: Clock) -> str:
    """A month as year * 12 + month - 1."""
    text = text_sql(raw, kind)
    parts = f"regexp_extract_all({text}, '[0-9]+')"
    year = f"TRY_CAST(left({text}, 4) AS INTEGER)"
    month = f"""CASE WHEN len({parts}) > 1 THEN TRY_CAST({parts}[2] AS INTEGER)
        ELSE TRY_CAST(substr({text}, 5, 2) AS INTEGER) END"""
    good = f"{year} BETWEEN {_YEARS[0] - 40} AND {_YEARS[1]} AND {month} BETWEEN 1 AND 12"
    return f"CASE WHEN {good} THEN {year} * 12 + {month} - 1 END"


def band_sql(month: str, consent: str, as_of: dt.date) -> str:
    """Code of a child's age band at ``as_of`` (S051); no band without consent (PI-02)."""
    age = f"({as_of.year * 12 + as_of.month - 1} - {month})"
    bands = " ".join(
        f"WHEN {age} < {high} THEN {CHILD_VALUES.index(name)}" for name, _, high in CHILD_BANDS
    )
    oldest = CHILD_BANDS[-1][2]
    return f"""CAST(CASE WHEN {month} IS NULL THEN NULL
        WHEN {age} < 0 OR {age} >= {oldest} THEN {CHILD_VALUES.index("outside_0_14y")}
        WHEN {consent} IS DISTINCT FROM 1 THEN {CHILD_VALUES.index("no_consent")}
        {bands} END AS INTEGER)"""


def value_sql(column: Column, raw: str, kind: str, clock: Clock) -> str:
    """SQL of the stored value of a column, null where it does not convert.

    Codes and identities stay raw text here: they are cleaned once per distinct value.
    """
    match column.kind:
        case "time":
            return time_sql(raw, kind, clock)
        case "date":
            return date_sql(raw, kind, clock)
        case "month":
            return month_sql(raw, kind, clock)
        case "money" | "count" | "number" | "share":
            return number_sql(raw, kind)
        case "flag":
            return flag_sql(raw, kind)
        case "key" | "text":
            return text_sql(raw, kind)
        case _:
            return raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"


def fault_sql(column: Column, raw: str, kind: str, value: str) -> list[str]:
    """WHEN branches that give ``column|reason`` for a bad value.

    Args:
        column: The canonical column.
        raw: The raw value.
        kind: Its engine type.
        value: The converted value, by name.
    """
    name, blank = column.name, missing_sql(raw, kind)
    if column.kind in ("identity", "code", "choice"):
        branches = [f"WHEN {blank} THEN '{name}|missing'"] if column.required else []
        if column.choices:
            allowed = ", ".join(f"'{choice}'" for choice in column.choices)
            strange = f"{value} NOT IN ({allowed}) AND trim({value}) NOT IN ('', {allowed})"
            branches.append(f"WHEN {strange} THEN '{name}|not_allowed'")
        return branches
    if column.kind not in ("key", "text"):
        blank = none_sql(raw, kind)
    unread = _UNREAD.get(column.kind, "not_a_number")
    if column.required:
        either = f"CASE WHEN {blank} THEN '{name}|missing' ELSE '{name}|{unread}' END"
        branches = [f"WHEN {value} IS NULL THEN {either}"]
    else:
        branches = [f"WHEN {value} IS NULL AND NOT {blank} THEN '{name}|{unread}'"]
    limits = _limits(column, value)
    return branches + [f"WHEN {bad} THEN '{name}|{reason}'" for reason, bad in limits]


_UNREAD = {"time": "not_a_time", "date": "not_a_date", "month": "not_a_month", "flag": "not_a_flag"}


def _limits(column: Column, value: str) -> list[tuple[str, str]]:
    """Reasons why a value that was read is still wrong, each with its SQL condition."""
    first, last = (dt.datetime(year, 1, 1, tzinfo=dt.UTC) for year in _YEARS)
    match column.kind:
        case "time":
            low, high = int(first.timestamp()), int(last.timestamp())
            return [("out_of_range", f"{value} < {low} OR {value} >= {high}")]
        case "date":
            low, high = (int(moment.timestamp()) // 86400 for moment in (first, last))
            return [("out_of_range", f"{value} < {low} OR {value} >= {high}")]
        case "money" | "count" | "number" | "share":
            limits = [
                ("not_a_number", f"isnan({value})"),
                ("out_of_range", f"abs({value}) > {_LARGEST}"),
            ]
            if column.kind == "share":
                limits.append(("not_a_share", f"{value} < 0 OR {value} > 1"))
            elif not column.signed:
                limits.append(("negative", f"{value} < 0"))
            if column.kind == "count":
                limits.append(("not_whole", f"{value} <> floor({value})"))
            return limits
        case _:
            return []


def stored_sql(column: Column, value: str) -> str:
    """SQL that turns a good value into its stored type."""
    match column.kind:
        case "money":
            return f"TRY_CAST(round({value} * 100) AS BIGINT)"
        case "count":
            return f"TRY_CAST({value} AS BIGINT)"
        case "flag":
            return f"CAST({value} AS TINYINT)"
        case "number" | "share":
            return f"CAST({value} AS DOUBLE)"
        case "time":
            return f"TRY_CAST({value} AS BIGINT)"
        case "date":
            return f"CAST({value} AS INTEGER)"
        case _:
            return value


def stored_name(column: Column) -> str:
    """Name of the stored column: amount -> amount_cents."""
    return f"{column.name}_cents" if column.kind == "money" else column.name
