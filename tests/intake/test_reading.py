"""Values as exports write them: what they become, and what makes a row bad."""

import datetime as dt
import zoneinfo

import pandas as pd
import pytest
from client_files import client_config, orders

from privdom_kit.client import open_client
from privdom_kit.errors import DataError
from privdom_kit.intake import UnusableData, prepare

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
LENIENT = {"settings": {"intake": {"max_bad_share": 1.0}}}


def seconds(*when: int, zone: str = "Asia/Shanghai") -> int:
    """Epoch seconds by the standard library: the parent of every expected time."""
    return int(dt.datetime(*when, tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


def stored(tmp_path, tables, name="orders", **keys):
    client = open_client(client_config(tmp_path, tables, **keys))
    frame = client.tables[name].frame.collect("pandas").to_native()
    client.close()
    return frame


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2025-01-02 03:04:05", seconds(2025, 1, 2, 3, 4, 5)),
        ("2025-01-02T03:04:05", seconds(2025, 1, 2, 3, 4, 5)),
        ("2025-01-02 03:04:05.999", seconds(2025, 1, 2, 3, 4, 5)),
        ("2025/1/2 3:04", seconds(2025, 1, 2, 3, 4)),
        ("2025-01-02", seconds(2025, 1, 2)),
        ("  2025-01-02 03:04  ", seconds(2025, 1, 2, 3, 4)),
        ("20250102", seconds(2025, 1, 2)),
        ("2025年1月2日", seconds(2025, 1, 2)),
        ("2025年01月02日 03:04", seconds(2025, 1, 2, 3, 4)),
        ("2025.01.02", seconds(2025, 1, 2)),
        ("2025-01-02T03:04:05+08:00", seconds(2025, 1, 2, 3, 4, 5)),
        ("2025-01-02T03:04:05Z", seconds(2025, 1, 2, 3, 4, 5, zone="UTC")),
        ("2025-01-02T03:04:05-05:00", seconds(2025, 1, 2, 16, 4, 5)),
        ("1735787045", 1735787045),
        ("1735787045123", 1735787045),
    ],
)
def test_times(tmp_path, written, expected):
    """Each form of a time becomes the second that the standard library gives."""
    frame = stored(tmp_path, {"orders": orders(paid_at=[written])})
    assert frame["paid_at"].tolist() == [expected]
    day = dt.datetime.fromtimestamp(expected, SHANGHAI).date()
    assert frame["paid_on"].tolist() == [(day - dt.date(1970, 1, 1)).days]


@pytest.mark.parametrize(
    ("local", "utc_offset"), [("2025-07-01 23:30:00", -4), ("2025-01-01 23:30:00", -5)]
)
def test_times_of_a_zone_with_summer_time(tmp_path, local, utc_offset):
    """New York is 4 or 5 hours behind; the day stays the client's own."""
    tables = {"orders": orders(paid_at=[local])}
    frame = stored(tmp_path, tables, timezone="America/New_York")
    naive = dt.datetime.fromisoformat(local)
    assert frame["paid_at"][0] == naive.replace(tzinfo=dt.UTC).timestamp() - utc_offset * 3600
    assert frame["paid_on"][0] == (naive.date() - dt.date(1970, 1, 1)).days


def test_times_typed_in_parquet(tmp_path):
    """Naive, zoned and date types of Parquet name the same day."""
    for written in (
        pd.Timestamp("2025-01-02 03:04:05"),
        pd.Timestamp("2025-01-01 19:04:05", tz="UTC"),
        dt.date(2025, 1, 2),
    ):
        folder = tmp_path / str(type(written).__name__) / str(written)[:13]
        table = orders(paid_at=[written], amount=[12.345])
        frame = stored(folder, {"orders": ("orders.parquet", table)})
        assert frame["paid_on"].tolist() == [20090]
        assert frame["amount_cents"].tolist() == [1234] or frame["amount_cents"].tolist() == [1235]


@pytest.mark.parametrize(
    ("written", "cents"),
    [
        ("168", 16800),
        ("168.5", 16850),
        (" 168.50 ", 16850),
        ("¥168.50", 16850),
        ("168.00元", 16800),
        ("1,234.50", 123450),
        ("12,345,678.90", 1234567890),
        ("-12.34", -1234),
        ("0", 0),
        ("0.1", 10),
    ],
)
def test_amounts(tmp_path, written, cents):
    """Amounts become integer cents."""
    frame = stored(tmp_path, {"orders": orders(amount=[written])})
    assert frame["amount_cents"].tolist() == [cents]


@pytest.mark.parametrize(
    ("column", "written", "reason"),
    [
        ("amount", "abc", "not_a_number"),
        ("amount", "1,23", "not_a_number"),
        ("amount", "nan", "not_a_number"),
        ("amount", "inf", "out_of_range"),
        ("amount", "99999999999999", "out_of_range"),
        ("amount", "", "missing"),
        ("amount", "   ", "missing"),
        ("refund_amount", "-5", "negative"),
        ("paid_at", "yesterday", "not_a_time"),
        ("paid_at", "2025-02-30", "not_a_time"),
        ("paid_at", "12/31/2025", "not_a_time"),
        ("paid_at", "infinity", "not_a_time"),
        ("paid_at", "epoch", "not_a_time"),
        ("paid_at", "0204-03-01 10:00:00", "out_of_range"),
        ("paid_at", "", "missing"),
        ("order_id", "", "missing"),
        ("status", "shipped", "not_allowed"),
        ("on_promotion", "perhaps", "not_a_flag"),
    ],
)
def test_bad_values_are_quarantined(tmp_path, column, written, reason):
    """A bad value takes its row aside with line, column and reason; the good row stays."""
    table = orders(**{column: [written, None]})
    good = {"order_id": "E9", "paid_at": "2026-01-01", "amount": "1"}
    table.loc[1, list(good)] = list(good.values())
    config = client_config(tmp_path, {"orders": table}, **LENIENT)
    prepared = prepare(config)
    assert [(f["line"], f["column"], f["reason"]) for f in prepared.manifest["faults"]] == [
        (2, column, reason)
    ]
    assert prepared.manifest["tables"]["orders"]["used"] == 1
    assert prepared.manifest["tables"]["orders"]["dropped"] == {"quarantined": 1}


def test_unpaid_orders_are_left_out_and_are_no_fault(tmp_path):
    """No payment time: not paid where nothing was paid or the order closed, else a fault."""
    table = orders(
        paid_at=["", "", "", "2026-01-01"],
        amount=["0", "20", "20", "20"],
        status=["paid", "closed", "paid", "paid"],
    )
    prepared = prepare(client_config(tmp_path, {"orders": table}, **LENIENT))
    seen = prepared.manifest["tables"]["orders"]
    assert seen["dropped"] == {"not paid": 2, "quarantined": 1}
    assert prepared.manifest["faults"][0]["line"] == 4


def test_nothing_after_as_of_is_seen(tmp_path):
    """The last second of as_of is in, the next is out; later times inside a row are blank."""
    contacts = pd.DataFrame(
        {
            "external_user_id": ["a", "b", "c"],
            "staff_id": ["s", "s", "s"],
            "added_at": ["2026-05-31 23:59:59", "2026-06-01 00:00:00", "2026-05-01"],
            "removed_at": ["", "", "2026-06-02"],
            "removed_by": ["", "", "customer"],
        }
    )
    config = client_config(tmp_path, {"contacts": contacts})
    prepared = prepare(config)
    assert prepared.manifest["tables"]["contacts"]["dropped"] == {"after as_of": 1}
    assert prepared.manifest["people"] == 2
    client = open_client(config)
    frame = client.contacts.frame.collect("pandas").to_native()
    assert len(frame) == 2
    assert frame["removed_at"].isna().all()
    assert frame["removed_by"].isna().all()


HEADER = "order_id,customer_id,paid_at,amount,platform\n"


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_encodings(tmp_path, encoding, shown):
    """The same text in four encodings gives the same platform name."""
    text = HEADER + "".join(f"E{i},p{i},2026-01-01,5.00,小程序商城\n" for i in range(50))
    config = client_config(tmp_path, {"orders": text.encode(encoding)})
    client = open_client(config)
    assert client.orders.dictionaries["platform"] == ("小程序商城",)
    assert client.intake["tables"]["orders"]["files"][0]["encoding"] == shown


def test_one_damaged_row_does_not_change_the_alphabet(tmp_path):
    """A UTF-8 file with one broken byte stays UTF-8; the row is named, 99 others are read."""
    rows = [f"E{i},p{i},2026-01-01,5.00,小程序商城\n".encode() for i in range(100)]
    rows[40] = b"E40,p40,2026-01-01,5.00,\xff\xfe\n"
    config = client_config(tmp_path, {"orders": HEADER.encode() + b"".join(rows)}, **LENIENT)
    prepared = prepare(config)
    assert prepared.manifest["tables"]["orders"]["used"] == 99
    assert prepared.manifest["faults"] == [
        {"table": "orders", "file": "orders.csv", "line": 42, "column": "", "reason": "encoding"}
    ]


def test_rows_with_a_wrong_number_of_fields(tmp_path):
    """Short and long rows are named by line; lines behind them keep their numbers."""
    rows = [
        "E1,p1,2026-01-01,5.00,a",
        "E2,p2,2026-01-01",
        "E3,p3,2026-01-01,5.00,a,b,c",
        "E4,p4,2026-01-01,abc,a",
        "E5,p5,2026-01-01,5.00,a",
    ]
    config = client_config(tmp_path, {"orders": HEADER + "\n".join(rows) + "\n"}, **LENIENT)
    found = [(f["line"], f["reason"]) for f in prepare(config).manifest["faults"]]
    assert found == [(3, "fields"), (4, "fields"), (5, "not_a_number")]
    assert prepare(config).manifest["tables"]["orders"]["rows"] == 5


def test_a_quotation_mark_that_never_closes_stops(tmp_path):
    """It would swallow every row behind it, so it is an error that names the record."""
    text = HEADER + 'E1,p1,2026-01-01,5,a\nE2,p2,2026-01-01,5,"a\nE3,p3,2026-01-01,5,a\n'
    with pytest.raises(UnusableData, match="quotation mark"):
        prepare(client_config(tmp_path, {"orders": text}, **LENIENT))


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(tmp_path, delimiter):
    """The delimiter is found from the header line; quoted delimiters stay in the value."""
    text = HEADER.replace(",", delimiter) + f"E1{delimiter}p1{delimiter}2026-01-01{delimiter}5"
    text += f'{delimiter}"a{delimiter}b"\n'
    client = open_client(client_config(tmp_path, {"orders": text}))
    assert client.orders.dictionaries["platform"] == (f"a{delimiter}b",)


def test_headers_match_by_name_whatever_their_order_and_blanks(tmp_path):
    """Columns in another order, blanks around headers, a header of no interest."""
    text = "备注,实付 ,下单人, 付款时间,单号\nx,5.00,p1,2026-01-01,E1\n"
    mapping = {"amount": "实付", "customer_id": "下单人", "paid_at": "付款时间", "order_id": "单号"}
    config = client_config(tmp_path, {"orders": text}, columns={"orders": mapping})
    prepared = prepare(config)
    assert prepared.manifest["tables"]["orders"]["used"] == 1
    assert prepared.manifest["tables"]["orders"]["files"][0]["ignored_columns"] == ["备注"]


def test_a_missing_column_names_the_nearest(tmp_path):
    """Exact sentence: what was looked for, what is there, what to write."""
    text = "order_id,customer_id,paid_time,amount\nE1,p,2026-01-01,5\n"
    with pytest.raises(DataError) as caught:
        prepare(client_config(tmp_path, {"orders": text}))
    assert str(caught.value) == (
        "orders: orders.csv has no column 'paid_at' for paid_at. its columns are order_id, "
        "customer_id, paid_time, amount. The nearest is 'paid_time'. Map it in client.yml under "
        "tables.orders.columns: {paid_at: <header>}."
    )


def test_xlsx_keeps_long_identifiers(tmp_path):
    """An 18-digit id typed as text and a phone typed as a number survive; dates are dates."""
    table = pd.DataFrame(
        {
            "order_id": ["412345678901234567", "412345678901234568"],
            "phone": [19900001234, 19900001235],
            "paid_at": [dt.datetime(2026, 1, 1, 8, 30), dt.datetime(2026, 1, 2)],
            "amount": [12.5, 1200],
        }
    )
    frame = stored(tmp_path, {"orders": ("orders.xlsx", table)})
    assert frame["amount_cents"].tolist() == [1250, 120000]
    assert frame["paid_at"].tolist() == [seconds(2026, 1, 1, 8, 30), seconds(2026, 1, 2)]
    assert frame["customer"].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("file", "content", "match"),
    [
        ("orders.xlsx", b"not a workbook", "cannot be read as XLSX"),
        ("orders.parquet", b"PAR1 not parquet", "cannot be read as Parquet"),
        ("orders.csv", b"", "is empty"),
        ("orders.csv", b"\n\n", "is empty"),
        ("orders.csv", b"order_id,customer_id,paid_at,amount\n", "a header and no rows"),
        ("orders.json", b"{}", "ends in .json"),
    ],
)
def test_damaged_files(tmp_path, file, content, match):
    """Each is one clear sentence, never a traceback of a library."""
    with pytest.raises(UnusableData, match=match):
        prepare(client_config(tmp_path, {"orders": (file, content)}))


def test_several_files_are_one_table(tmp_path):
    """Two files with different column orders; faults name their own file and line."""
    (tmp_path / "part1.csv").write_text("order_id,customer_id,paid_at,amount\nE1,p,2026-01-01,5\n")
    (tmp_path / "part2.csv").write_text(
        "amount,paid_at,customer_id,order_id,platform\n6,2026-01-02,p,E2,x\nbad,2026-01-02,p,E3,x\n"
    )
    config = client_config(tmp_path, {"orders": ("unused.csv", b"x")}, **LENIENT)
    text = config.path.read_text().replace("unused.csv", "part*.csv")
    config.path.write_text(text)
    from privdom_kit.config import read_config

    prepared = prepare(read_config(config.path))
    seen = prepared.manifest["tables"]["orders"]
    assert (seen["rows"], seen["used"]) == (3, 2)
    assert prepared.manifest["faults"][0] == {
        "table": "orders",
        "file": "part2.csv",
        "line": 3,
        "column": "amount",
        "reason": "not_a_number",
    }


def test_too_many_bad_rows_stop_the_run(tmp_path):
    """The sentence counts them, names the commonest fault and the setting that decides."""
    table = orders(amount=["x", "x", "5", "5"], paid_at=["2026-01-01"] * 3 + ["never"])
    with pytest.raises(UnusableData) as caught:
        prepare(client_config(tmp_path, {"orders": table}))
    assert str(caught.value) == (
        "orders: 3 of 4 rows (75.0%) are bad, most often amount: not a number (2 rows). at most "
        "5.0% may be (settings.intake.max_bad_share). The rows are listed in the check report; "
        "correct the export or the column mapping."
    )
    assert [fault.line for fault in caught.value.faults] == [2, 3, 5]


def test_a_shifted_row_is_not_read(tmp_path):
    """An unquoted thousands separator shifts a row; with a blank at its end the engine takes it."""
    text = "order_id,customer_id,paid_at,amount,refund_amount,platform\n"
    text += 'E1,p1,2026-01-01,1,168.50,\nE2,p2,2026-01-01,"1,168.50",,\n'
    text = text.replace("1,168.50,\n", "1,168.50,,\n", 1)
    prepared = prepare(client_config(tmp_path, {"orders": text}, **LENIENT))
    assert [(f["line"], f["reason"]) for f in prepared.manifest["faults"]] == [(2, "fields")]
    assert prepared.manifest["tables"]["orders"]["used"] == 1


def test_line_breaks_in_values_beside_bad_rows(tmp_path):
    """Reading on one core, as values with line breaks need, loses and repeats nothing."""
    rows = [
        'E1,p1,2026-01-01,5,"a\nb"',
        "E2,p2,2026-01-01",
        "E3,p3,2026-01-01,5,a,b,c",
        "E4,p4,2026-01-01,5,a",
    ]
    config = client_config(tmp_path, {"orders": HEADER + "\n".join(rows) + "\n"}, **LENIENT)
    counted = prepare(config).manifest["tables"]["orders"]
    assert (counted["rows"], counted["used"], counted["dropped"]) == (4, 2, {"quarantined": 2})


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("order_id,customer_id,paid_at,amount", "E1,p1,2026-01-01,5,"),
        ("order_id,customer_id,paid_at,amount,", "E1,p1,2026-01-01,5"),
        ("\n\norder_id,customer_id,paid_at,amount", "E1,p1,2026-01-01,5"),
        ('order_id,customer_id,paid_at,"amount\n(元)"', "E1,p1,2026-01-01,5"),
    ],
)
def test_headers_that_are_off_by_a_delimiter_or_a_line(tmp_path, header, row):
    """A trailing delimiter on one side only, blank lines above, a line break in a header."""
    columns = {"amount": "amount (元)"} if "元" in header else {}
    text = header + "\n" + f"{row}\n" * 3
    config = client_config(tmp_path, {"orders": text}, columns={"orders": columns}, **LENIENT)
    counted = prepare(config).manifest["tables"]["orders"]
    assert (counted["rows"], counted["used"], counted["dropped"]) == (3, 1, {"duplicate": 2})


def test_lines_are_counted_from_the_top_of_the_file(tmp_path):
    """Two blank lines above the header move every line by two."""
    text = "\n\n" + HEADER + "E1,p1,2026-01-01,5,a\nE2,p2,2026-01-01,x,a\n"
    prepared = prepare(client_config(tmp_path, {"orders": text}, **LENIENT))
    assert [f["line"] for f in prepared.manifest["faults"]] == [5]


@pytest.mark.parametrize(
    ("written", "person"),
    [
        ('"=""13800138000"""', True),
        ('="13800138000"', True),
        ("'13800138000", True),
        ("\t13800138000", True),
        ("13800138000\t", True),
        ("\u300013800138000\u3000", True),
        ("13800138000\u200b", True),
        ("１３８００１３８０００", True),
        ("138****8000", False),
    ],
)
def test_what_clings_to_an_identifier(tmp_path, written, person):
    """Each way of writing the phone 13800138000 names the same person; a masked one names none."""
    text = (
        f"order_id,phone,paid_at,amount\nE1,13800138000,2026-01-01,5\nE2,{written},2026-01-02,5\n"
    )
    frame = stored(tmp_path, {"orders": text})
    assert (frame["customer"].nunique(), frame["customer"].isna().sum()) == (1, 0 if person else 1)


@pytest.mark.parametrize("none", ["-", "--", "NULL", "N/A", " - "])
def test_words_for_none_in_numbers_and_times(tmp_path, none):
    """They are missing values, not bad ones: 2 rows, no fault where the column may be blank."""
    contacts = pd.DataFrame(
        {
            "external_user_id": ["a", "b"],
            "staff_id": ["s", "s"],
            "added_at": ["2026-01-01", "2026-01-01"],
            "removed_at": [none, "2026-02-01"],
        }
    )
    frame = stored(tmp_path, {"contacts": contacts}, name="contacts")
    assert frame["removed_at"].isna().tolist() == [True, False]
