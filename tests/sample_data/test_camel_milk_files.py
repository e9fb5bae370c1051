"""The committed files are what the generator writes, and look like real exports."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from camel_milk_places import BRAND, SAMPLES

from privdom_kit.config import read_config

BY_HAND = ("client.yml", "forms.yml")
FILES = sorted(
    str(path.relative_to(BRAND))
    for path in BRAND.rglob("*")
    if path.is_file()
    and path.name not in ("client.yml", "forms.yml")
    and ".privdom" not in path.parts
)


def test_generator_writes_exactly_these_files(again: Path) -> None:
    assert sorted(str(p.relative_to(again)) for p in again.rglob("*") if p.is_file()) == FILES
    assert len(FILES) == 18


@pytest.mark.parametrize("name", FILES)
def test_regenerated_file_has_the_same_bytes(again: Path, name: str) -> None:
    """Parent: the committed file. Parquet bytes are promised for the locked writer only."""
    ours, theirs = again / name, BRAND / name
    if name.endswith(".parquet") and _writer(ours) != _writer(theirs):
        pd.testing.assert_frame_equal(pd.read_parquet(ours), pd.read_parquet(theirs))
    elif name.endswith(".xlsx"):
        assert _members(ours) == _members(theirs)
    else:
        assert ours.read_bytes() == theirs.read_bytes()


def test_a_second_run_gives_the_same_bytes(again: Path, tmp_path: Path) -> None:
    """On one machine with one zlib every byte holds, those of the XLSX too."""
    command = [sys.executable, str(SAMPLES / "generate.py"), "camel_milk", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    for name in FILES:
        assert (tmp_path / "camel_milk" / name).read_bytes() == (again / name).read_bytes(), name


def _writer(path: Path) -> str:
    return pq.read_metadata(path).created_by


def _members(path: Path) -> dict[str, tuple]:
    """Names, times and contents: all but the compressed bytes, which zlib may choose."""
    with zipfile.ZipFile(path) as archive:
        return {i.filename: (i.date_time, archive.read(i)) for i in archive.infolist()}


def test_the_folder_stays_small() -> None:
    assert sum((BRAND / name).stat().st_size for name in FILES) < 6_000_000


def test_order_export_is_gb18030_with_two_headers_ending_in_a_blank() -> None:
    raw = (BRAND / "exports/youzan_orders.csv").read_bytes()
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    header = raw.split(b"\r\n")[0].decode("gb18030").split(",")
    assert [name for name in header if name != name.strip()] == ["推广方式 ", "买家付款时间 "]


def test_canonical_tables_carry_a_byte_order_mark() -> None:
    for path in (BRAND / "tables").glob("*.csv"):
        assert path.read_bytes().startswith(b"\xef\xbb\xbf"), path.name


def test_amounts_and_times_are_text_as_the_shop_writes_them(orders: pd.DataFrame) -> None:
    assert orders["订单实付金额"].str.fullmatch(r"\d+\.00").all()
    assert orders["买家付款时间"].str.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").all()


def test_client_yml_maps_headers_that_exist(order_rows, contact_rows) -> None:
    config = read_config(BRAND / "client.yml")
    assert (config.client, config.brand, config.language) == ("camel_milk", "驼小满", "zh")
    assert set(config.tables["orders"].columns.values()) <= set(order_rows)
    assert set(config.tables["contacts"].columns.values()) == set(contact_rows)
    assert len(config.tables["touches"].files) == 4


def test_every_phone_is_of_the_fake_range(truth: pd.DataFrame) -> None:
    phones = truth.index[truth["id_type"] == "phone"]
    assert len(phones) > 3_000
    assert all(re.fullmatch(r"1990000\d{4}", phone) for phone in phones)
    text = (BRAND / "exports/youzan_orders.csv").read_text(encoding="gb18030")
    assert set(re.findall(r"(?<![\dE])1\d{10}(?!\d)", text)) <= set(phones)


README = (SAMPLES / "README.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", README.split("## Facts planted")[1], re.M))


def test_readme_names_every_fact(facts: dict) -> None:
    assert list(ROWS) == list(facts)


def test_readme_numbers_stand_in_facts(facts: dict) -> None:
    """Every figure of 28 and more, every fraction and percentage is the fact's own number."""
    for name, text in ROWS.items():
        known = {round(value, 4) for value in _numbers(facts[name])}
        text = re.sub(r"20\d\d-\d\d(-\d\d)?|\b(before|of) 20\d\d", "", text)
        for number, percent in re.findall(r"([\d,]*\d(?:\.\d+)?)( %)?", text):
            value = float(number.replace(",", "")) / (100 if percent else 1)
            if percent or "." in number or value >= 28:
                assert any(abs(value - other) <= 1e-6 for other in known), (name, number, known)


def _numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [x for part in (*value, *value.values()) for x in _numbers(part)]
    return [float(value)] if isinstance(value, int | float) else []
