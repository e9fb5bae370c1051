"""Whole files through the door: one paragraph, or rows that add up and say what the file says.

Valid files are compared with an independent reading by the standard library's csv module and
Decimal; mutilated ones must give a sentence or a count, never another exception.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import shutil
import tempfile
import zipfile
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest
from client_files import client_config
from export_files import export_config, seen, stored
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from privdom_kit.errors import PrivdomError
from privdom_kit.intake import UnusableData, prepare
from privdom_kit.knowledge.known_exports import load_preset, preset_names

LENIENT = {"settings": {"intake": {"max_bad_share": 1.0}}}
QUIET = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
HEADER = ["order_id", "customer_id", "paid_at", "amount", "refund_amount", "status", "platform"]


class Room:
    """A folder for one example, gone afterwards."""

    def __enter__(self) -> Path:
        self.path = Path(tempfile.mkdtemp(prefix="fuzz"))
        return self.path

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self.path)


def outcome(content: bytes, file: str = "orders.csv", **keys) -> dict | str:
    """What intake counted, or its paragraph."""
    with Room() as room:
        try:
            manifest = prepare(
                client_config(room, {"orders": (file, content)}, **LENIENT, **keys)
            ).manifest
        except PrivdomError as error:
            assert isinstance(error, UnusableData), error
            assert "\n" not in str(error)
            manifest = error.manifest
            adds_up(manifest)
            return str(error)
        adds_up(manifest)
        return manifest


def adds_up(manifest: dict) -> None:
    for table in manifest["tables"].values():
        assert table["rows"] == table["used"] + sum(table["dropped"].values())
        assert table["dropped"].get("quarantined", 0) == sum(table["faults"].values())


amounts = st.one_of(
    st.decimals(-(10**7), 10**7, places=2, allow_nan=False).map(str),
    st.sampled_from(
        ["0", "-0.01", "1e3", "9" * 12, "-1", "12,345.60", "¥8", "8元", "abc", "", "-"]
    ),
    st.sampled_from(["9" * 400, "1e400", "-1e400", "nan", "0x10", "1_000", "１２.５", "٣"]),
)
times = st.one_of(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2026, 5, 31)).map(
        lambda t: t.strftime("%Y-%m-%d %H:%M:%S")
    ),
    st.sampled_from(["2026-02-30", "1970-01-01", "9999-12-31", "", "-", "20260101", "x", "1e9"]),
)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=0, max_size=12
)
awkward = st.one_of(
    texts, st.sampled_from(['"', "a,b", "a\nb", "a\r\nb", "'x", '="1"', "\tx", "，"])
)
rows = st.lists(
    st.tuples(
        st.integers(0, 30).map(lambda n: f"E{n}"),
        texts,
        times,
        amounts,
        st.sampled_from(["", "0", "1.5", "-3"]),
        st.sampled_from(["paid", "closed", "refunded", "", "lost"]),
        awkward,
    ),
    min_size=1,
    max_size=12,
)


def as_csv(table: list, delimiter: str = ",", end: str = "\n", quoting: int = 0) -> str:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerows([HEADER, *table])
    return target.getvalue()


@QUIET
@given(
    rows,
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
)
def test_every_valid_file_is_read_as_the_csv_module_reads_it(table, delimiter, end, quoting, code):
    """Which rows are used, and their cents and platforms, by the csv module and Decimal."""
    table = [(f"{row[0]}-{i}", *row[1:]) for i, row in enumerate(table)]
    text = as_csv(table, delimiter, end, quoting)
    parent = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    with Room() as room:
        config = client_config(room, {"orders": text.encode(code)}, **LENIENT)
        counted = seen(config, "orders")
        frame = stored(config, "orders")
    good = [row for row in parent if is_good(row)]
    assert (counted["rows"], counted["used"]) == (len(parent), len(good))
    found = sorted(zip(frame["amount_cents"], frame["platform"].fillna(""), strict=True))
    assert found == sorted((plain_cents(row["amount"]), clean(row["platform"])) for row in good)


BAD_TIMES = ("2026-02-30", "1970-01-01", "9999-12-31", "", "-", "x", "1e9")


def is_good(row: dict[str, str]) -> bool:
    """Whether a row is one to calculate with, by the contract's words."""
    cents = plain_cents(row["amount"])
    return (
        row["paid_at"] not in BAD_TIMES
        and cents is not None
        and not row["refund_amount"].startswith("-")
        and row["status"] != "lost"
    )


def plain_cents(text: str) -> int | None:
    """Cents by Decimal, from what the contract says a number may look like."""
    wide = str.maketrans("０１２３４５６７８９．，－：／＋￥", "0123456789.,-:/+¥")
    text = text.strip().translate(wide).removeprefix("¥").removesuffix("元").replace(",", "")
    if not text.isascii():  # Decimal takes the digits of every alphabet
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) > Decimal(10) ** 13:
        return None
    return int((value * 100).to_integral_value())


def clean(text: str) -> str:
    """What clings to a value taken off, as the contract of intake says."""
    text = text.strip(" \t\r\n\u3000\u00a0\u200b\ufeff")
    if text.startswith('="'):
        text = text.strip('="')
    elif text.startswith("'") and "'" not in text[1:]:
        text = text[1:]
    return text.strip()


@QUIET
@given(rows, st.data())
def test_cut_and_damaged_files_give_a_sentence_or_add_up(table, data):
    """Bytes overwritten, cut off or put in anywhere."""
    content = bytearray(as_csv(table).encode(data.draw(st.sampled_from(["utf-8", "gb18030"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        junk = data.draw(st.sampled_from([b'"', b"\xff", b"\x00", b"\r", b"\n", b",", b"\xe4\xb8"]))
        match data.draw(st.sampled_from(["insert", "overwrite", "cut"])):
            case "insert":
                content[place:place] = junk
            case "overwrite":
                content[place : place + len(junk)] = junk
            case "cut":
                del content[place:]
    outcome(bytes(content))


@QUIET
@given(st.binary(max_size=400), st.sampled_from(["orders.csv", "orders.xlsx", "orders.parquet"]))
@example(b"", "orders.xlsx")
@example(b"PK\x05\x06" + b"\0" * 18, "orders.xlsx")
@example(b"\xff\xfe", "orders.csv")
@example(b"\x00" * 300, "orders.csv")
@example(b"\xef\xbb\xbf", "orders.csv")
@example(b"\r\r\r", "orders.csv")
def test_any_bytes_at_all(content, file):
    outcome(content, file)


@QUIET
@given(st.lists(awkward, min_size=1, max_size=9), st.integers(0, 3))
def test_any_headers_at_all(headers, rows):
    """Odd headers, repeated and blank ones: a sentence that names what is missing."""
    target = io.StringIO()
    csv.writer(target).writerows([headers, *[["1"] * len(headers)] * rows])
    assert isinstance(outcome(target.getvalue().encode()), str)


@settings(QUIET, max_examples=40)
@given(st.sampled_from(preset_names()), st.data())
def test_every_preset_on_any_values(name, data):
    """Any values under a known export's own headers: a sentence or rows that add up."""
    preset = load_preset(name)
    headers = [h for cell in preset.columns.values() for h in cell.mentioned]
    if preset.days:
        headers += [metric.headers[0] for metric in preset.days.metrics.values()]
        headers += list(preset.days.split.headers) if preset.days.split else []
        headers += [*preset.days.running, *preset.days.since]
    headers = list(dict.fromkeys(headers))
    cell = st.one_of(awkward, amounts, times, st.sampled_from(["0", "1", "交易完成", "1767196800"]))
    count = data.draw(st.integers(1, 5))
    table = [[data.draw(cell) for _ in headers] for _ in range(count)]
    target = io.StringIO()
    csv.writer(target).writerows([headers, *table])
    with Room() as room:
        config = export_config(room, preset.table, name, target.getvalue().encode(), **LENIENT)
        try:
            adds_up(prepare(config).manifest)
        except UnusableData as error:
            assert "\n" not in str(error)
            adds_up(error.manifest)


def test_ten_thousand_columns():
    """Read, the columns that matter found; and refused with a short sentence where none does."""
    extra = [f"列{i}" for i in range(10_000)]
    header = ",".join([*extra[:5000], "order_id,customer_id,paid_at,amount", *extra[5000:]])
    row = ",".join(["x"] * 5000 + ["E1,p,2026-01-01,5.00"] + ["y"] * 5000)
    found = outcome(f"{header}\n{row}\n".encode())
    assert found["tables"]["orders"]["used"] == 1
    refused = outcome((",".join(extra) + "\n" + ",".join(extra) + "\n").encode())
    assert isinstance(refused, str)
    assert len(refused) < 600


def test_one_very_long_cell():
    """A megabyte in one cell is a value like another."""
    text = f"order_id,customer_id,paid_at,amount,platform\nE1,p,2026-01-01,5,{'长' * 400_000}\n"
    assert outcome(text.encode())["tables"]["orders"]["used"] == 1


def bomb(path: Path, size: int, declared: int | None = None) -> bytes:
    """A workbook whose sheet unpacks to ``size`` bytes of blanks."""
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["order_id", "customer_id", "paid_at", "amount"])
    book.save(path)
    with zipfile.ZipFile(path) as source:
        parts = {name: source.read(name) for name in source.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    head, tail = sheet.split(b"</sheetData>")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for name, data in parts.items():
            if name != "xl/worksheets/sheet1.xml":
                target.writestr(name, data)
        with target.open("xl/worksheets/sheet1.xml", "w", force_zip64=False) as part:
            part.write(head)
            for _ in range(size >> 20):
                part.write(b" " * (1 << 20))
            part.write(b"</sheetData>" + tail)
    content = bytearray(path.read_bytes())
    if declared is not None:
        real = size.to_bytes(4, "little")
        with zipfile.ZipFile(path) as book:
            real = book.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
        assert real in content
        content = content.replace(real, declared.to_bytes(4, "little"))
    return bytes(content)


@pytest.mark.parametrize("declared", [None, 1000], ids=["honest", "lying"])
def test_a_workbook_that_unpacks_to_more_than_the_limit(tmp_path, declared):
    """40 MB of blanks in 40 kB, limit 8 MB: refused, also where it calls itself 1,000 bytes."""
    content = bomb(tmp_path / "bomb.xlsx", 40 << 20, declared)
    assert len(content) < 100_000
    config = client_config(
        tmp_path,
        {"orders": ("orders.xlsx", content)},
        settings={"intake": {"xlsx_max_mb": 8}},
    )
    with pytest.raises(UnusableData) as caught:
        prepare(config)
    if declared is None:
        assert str(caught.value) == (
            "orders.xlsx unpacks to more than 8 MB. expected a workbook of ordinary size "
            "(settings.intake.xlsx_max_mb). Save its data as CSV, which is read at any size."
        )
    else:
        assert "cannot be read as XLSX" in str(caught.value)
