"""``privdom new``: a folder that the tool reads back, a sheet that asks for every known export."""

import csv
import datetime as dt
import re

import openpyxl
import pytest
from click.testing import CliRunner

from privdom_kit.cli import cli
from privdom_kit.config import read_config
from privdom_kit.contracts import TABLES
from privdom_kit.errors import ConfigError
from privdom_kit.forms import Forms, read_forms
from privdom_kit.intake import prepare
from privdom_kit.intake.new_client import write_client_folder
from privdom_kit.knowledge.known_exports import load_presets, preset_names
from privdom_kit.knowledge.rubrics import load_rubrics

TODAY = dt.date(2026, 6, 15)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_folder_is_a_client(tmp_path, language):
    """client.yml and forms.yml are read without a complaint; as_of is the end of last month."""
    write_client_folder(tmp_path / "brand_a", language, TODAY)
    config = read_config(tmp_path / "brand_a")
    assert (config.client, config.language, config.as_of) == (
        "brand_a",
        language,
        dt.date(2026, 5, 31),
    )
    assert read_forms(config).systems == {}
    assert prepare(config).manifest["tables"] == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_line_of_the_template_can_be_used(tmp_path, language):
    """Each commented table line, without its #, is a table that client.yml accepts."""
    write_client_folder(tmp_path / "a", language, TODAY)
    path = tmp_path / "a" / "client.yml"
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("  # ") and "{path" in line]
    assert len(lines) == len(preset_names()) + len(TABLES)
    for line in lines:
        name = re.split("[,}]", line.split("{path: ")[1])[0]
        (tmp_path / "a" / name).touch()
        path.write_text(text.replace("tables:\n", f"tables:\n  {line[4:]}\n"), encoding="utf-8")
        assert len(read_config(path).tables) == 1


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_line_of_the_forms_template_can_be_used(tmp_path, language):
    """All examples of forms.yml, without their #, are read; every section and rubric is there."""
    write_client_folder(tmp_path / "a", language, TODAY)
    path = tmp_path / "a" / "forms.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"^  # ", "  ", text, flags=re.MULTILINE), encoding="utf-8")
    forms = read_forms(read_config(tmp_path / "a"))
    assert forms.model_fields_set == set(Forms.model_fields)
    assert [sheet.rubric for sheet in forms.rubrics] == list(load_rubrics())
    for sheet in forms.rubrics:
        assert list(sheet.answers) == [item.id for item in load_rubrics()[sheet.rubric].items]


def test_every_canonical_table_has_its_headers(tmp_path):
    """A consultant can type under them; spreadsheets read them as UTF-8."""
    write_client_folder(tmp_path / "a", "zh", TODAY)
    for spec in TABLES.values():
        file = tmp_path / "a" / "tables" / f"{spec.name}.csv"
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        with file.open(encoding="utf-8-sig", newline="") as rows:
            assert next(csv.reader(rows)) == [column.name for column in spec.columns]


def test_the_data_request_in_both_languages(tmp_path):
    """A line for each preset with its request, headers and what to verify; one sheet of columns."""
    write_client_folder(tmp_path / "a", "zh", TODAY)
    book = openpyxl.load_workbook(tmp_path / "a" / "data_request.xlsx")
    assert book.sheetnames == ["数据清单", "Data request", "表格说明 Tables"]
    for sheet, language in (("数据清单", "zh"), ("Data request", "en")):
        rows = list(book[sheet].iter_rows(min_row=5, values_only=True))
        by_preset = {row[6]: row for row in rows if row[6]}
        assert set(by_preset) == set(preset_names())
        for preset in load_presets():
            row = by_preset[preset.name]
            assert row[0] == preset.system[language]
            assert preset.request[language] in row[2]
            assert all(note[language] in row[4] for note in preset.verify)
    assert "订单编号" in by_preset["taobao_orders"][3]
    assert "2026-05-31" in book["数据清单"]["A2"].value
    columns = sum(len(spec.columns) for spec in TABLES.values())
    assert book["表格说明 Tables"].max_row == columns + 1


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    """Exact sentence; nothing is written."""
    (tmp_path / "kept.txt").write_text("x")
    with pytest.raises(ConfigError) as caught:
        write_client_folder(tmp_path, "zh", TODAY)
    assert str(caught.value) == (
        f"{tmp_path} holds something already. expected a folder that is new or empty. "
        "Give another folder."
    )
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]


def test_an_empty_folder_and_an_awkward_name(tmp_path):
    """The client's name keeps what a name may hold."""
    folder = tmp_path / "驼小满 Brand-1"
    folder.mkdir()
    write_client_folder(folder, "en", TODAY)
    assert read_config(folder).client == "brand-1"


def test_the_command(tmp_path):
    """It prints the files and refuses a second time with the sentence and status 2."""
    target = str(tmp_path / "b")
    first = CliRunner().invoke(cli, ["new", target, "--language", "en"], standalone_mode=False)
    assert first.exception is None
    assert "client.yml" in first.output
    second = CliRunner().invoke(cli, ["new", target], standalone_mode=False)
    assert isinstance(second.exception, ConfigError)
    assert second.exception.exit_status == 2
