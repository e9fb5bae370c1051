"""The records of a preset: how an export's columns become those of a canonical table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from privdom_kit.contracts import TABLES, TableSpec

Text = Mapping[str, str]

# What a value counts in, and what one of it is worth in the canonical unit (SQL).
UNITS = {
    "fen": "{} / 100",
    "percent": "{} / 100",
    "minutes": "{} * 60",
    "milliseconds": "{} / 1000",
    "utc": "{}",
}
# How several rows of one day and metric become one value.
DAY_RULES = ("sum", "max", "single")


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a canonical value comes from.

    Attributes:
        headers: Headers that may carry it; the first one in the file is taken.
        or_else: Headers to look at where that one is blank.
        constant: A fixed value.
        join: Parts of a composite key, each a list of headers; blank where a part is.
        times: Two headers whose numbers are multiplied.
        minus: Two headers whose numbers are subtracted, the second from the first.
        unit: A key of :data:`UNITS`; empty where the unit is the canonical one.
        values: The export's codes and words -> canonical ones.
        missing: Values that mean "none", beside the preset's own.
        when: Only where other canonical columns have one of these (canonical) values.
        override: A second header that decides where it has one of ``values``.
    """

    headers: tuple[str, ...] = ()
    or_else: tuple[str, ...] = ()
    constant: str = ""
    join: tuple[tuple[str, ...], ...] = ()
    times: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    unit: str = ""
    values: Mapping[str, str] | None = None
    missing: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] | None = None
    override: Override | None = None

    @property
    def mentioned(self) -> tuple[str, ...]:
        """Every header that the rule may read."""
        other = self.override.headers if self.override else ()
        joined = tuple(header for part in self.join for header in part)
        return (*self.headers, *self.or_else, *joined, *self.times, *self.minus, *other)


@dataclass(frozen=True, slots=True)
class Override:
    """A second column that changes a value.

    Attributes:
        headers: Headers that may carry it.
        values: Its words -> the canonical value that they bring.
        only: Canonical values that it may change; empty changes any.
    """

    headers: tuple[str, ...]
    values: Mapping[str, str]
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Rows that are no rows of the table.

    Attributes:
        reason: Why, in two or three words.
        headers: Headers that may carry the deciding value.
        values: Values that leave a row out.
        blank: Leave out only where this header is blank too; empty asks nothing.
    """

    reason: str
    headers: tuple[str, ...]
    values: tuple[str, ...]
    blank: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign:
    """Headers that tell one export from another.

    Attributes:
        headers: Alternatives.
        says: What the file is then, as part of a sentence.
    """

    headers: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True)
class OneRow:
    """An export that has several rows for one row of the table.

    Rows that are equal in every canonical column become one. ``sum`` and ``prefer`` say how rows
    that differ do.

    Attributes:
        key: Canonical column that is one row.
        reason: What the further rows are, in a few words.
        sum: Canonical columns to add up.
        prefer: Canonical column and its values, first the one whose row is kept; ``*`` stands
            for any other value. Only rows of the kept value are added up.
    """

    key: str
    reason: str
    sum: tuple[str, ...] = ()
    prefer: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A column of a wide statistic.

    Attributes:
        headers: Headers that may carry it.
        unit: A key of :data:`UNITS`.
        rule: One of :data:`DAY_RULES`; ``single`` takes a value only where all rows of the day
            agree on it, as a mean over rows of unknown weight is none.
        touchpoint: Where it differs from the statistic's.
        split: Whether the metric is also given by the statistic's split.
    """

    headers: tuple[str, ...]
    unit: str = ""
    rule: str = "sum"
    touchpoint: str = ""
    split: bool = False


@dataclass(frozen=True, slots=True)
class Split:
    """A column of a wide statistic that splits its numbers.

    Attributes:
        headers: Headers that may carry it.
        values: Its codes -> words that the metric's name ends in.
        total: The code of rows that hold the total; empty where the total is the sum.
        keep: Whether other codes stand as they are (names of staff) instead of as other(code).
    """

    headers: tuple[str, ...]
    values: Mapping[str, str]
    total: str = ""
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """A wide statistic (a column a metric) that becomes rows of date, touchpoint, metric, value.

    Attributes:
        touchpoint: Canonical touchpoint of all its metrics.
        metrics: By canonical name.
        split: The column that splits the numbers; None where there is none.
        running: Headers of what a running total is kept for: the day's value is then the rise
            since the last day. Empty where values are the day's own.
        since: Headers of the day on which a running total starts from nothing.
    """

    touchpoint: str
    metrics: Mapping[str, Metric]
    split: Split | None = None
    running: tuple[str, ...] = ()
    since: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preset:
    """One known export.

    Attributes:
        name: As written in client.yml.
        title: What the export is, by language.
        system: Where it comes from, by language.
        table: The canonical table that it fills.
        source: ``tag`` (OFF official page, SDK public code, IDX indexed file, WEB, MEM general
            knowledge), ``text`` (where) and ``checked`` (date).
        columns: Rule by canonical column.
        request: What to ask the brand for, by language.
        where: Where to find it, by language, as far as a source says.
        notes: What was decided about the file, by language.
        verify: What no source confirms, by language.
        missing: Values that mean "none" in every column.
        leave_out: Rows that are none.
        one_row: How several rows become one.
        days: How a wide statistic becomes long.
        needs: Headers without which the file is another export, and which one.
        refuses: Headers with which it is another export, and which one.
    """

    name: str
    title: Text
    system: Text
    table: str
    source: Mapping[str, str]
    columns: Mapping[str, Cell]
    request: Text
    where: Text | None = None
    notes: tuple[Text, ...] = ()
    verify: tuple[Text, ...] = ()
    missing: tuple[str, ...] = ()
    leave_out: tuple[LeaveOut, ...] = ()
    one_row: OneRow | None = None
    days: Days | None = None
    needs: tuple[Sign, ...] = ()
    refuses: tuple[Sign, ...] = ()

    @property
    def spec(self) -> TableSpec:
        """The canonical table."""
        return TABLES[self.table]
