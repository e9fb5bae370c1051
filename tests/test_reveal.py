"""`privdom audiences --reveal`: phones come back only here, only with the key, only outside."""

from __future__ import annotations

import csv
import stat

import client_files
import pandas as pd
import pytest
from click.testing import CliRunner

from privdom_kit.cli import cli
from privdom_kit.client import open_client
from privdom_kit.config import read_config, state_folder
from privdom_kit.engine import collect
from privdom_kit.errors import ConfigError, DataError
from privdom_kit.intake.revealing import find_phones

# Made-up numbers of a range that is given to nobody. p2 has two phones, p3 none, p4 one abroad.
PEOPLE = {
    "p1": ["19900100001"],
    "p2": ["19900100022", "+86 199 0010 0012"],
    "p3": [],
    "p4": ["+4915550001"],
}


@pytest.fixture
def client(tmp_path):
    """A client with members whose ids and phones are stitched, and its list of keyed ids."""
    rows = [
        {"member_id": f"m-{name}", "phone": phone, "registered_at": "2026-01-01"}
        for name, phones in PEOPLE.items()
        for phone in (phones or [""])
    ]
    path = client_files.write_client(tmp_path / "brand", {"members": pd.DataFrame(rows)})
    opened = open_client(read_config(path))
    people = collect(opened.people.select("customer", "customer_id", "has_phone"), limit=9)
    opened.close()
    ids = people.sort_values("customer")["customer_id"].tolist()
    reports = tmp_path / "reports" / "brand" / "2026-05-31"
    file = reports / "audiences" / "next.csv"
    file.parent.mkdir(parents=True)
    (reports / "run.json").write_text("{}")
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["customer_id", "crowd", "arm"])
        writer.writerows([one, "'=gold", "A"] for one in [*ids, "c0000"])
    return path, file


def call(path, file, *more, **keys):
    return CliRunner().invoke(
        cli, ["audiences", str(path), "--reveal", str(file), *map(str, more)],
        standalone_mode=False, **keys,
    )  # fmt: skip


def read(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_phones_come_back_in_a_file_of_the_owners_alone(client, tmp_path):
    """By hand: p1's phone, the first by text of p2's two, none of p3, p4's with 00 for the plus."""
    path, file = client
    out = tmp_path / "out" / "send.csv"
    ended = call(path, file, "--out", out, "--yes")
    assert (ended.exception, ended.return_value) == (None, 0)
    header, *rows = read(out)
    assert header == ["customer_id", "phone", "crowd", "arm"]
    listed = [row[0] for row in read(file)[1:]]
    assert [row[0] for row in rows] == listed
    assert sorted(row[1] for row in rows) == ["", "", "004915550001", "19900100001", "19900100012"]
    assert rows[-1][:2] == ["c0000", ""]
    assert {row[2] for row in rows} == {"'=gold"}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "3 of 5 people of next.csv have a phone." in ended.stderr
    assert "1 have several phones: the first by text is taken." in ended.stderr
    assert "1 have none: the cell stays empty." in ended.stderr
    assert "1 are not known to this client: the cell stays empty." in ended.stderr
    assert ended.stdout == f"{out}\n"


def test_it_asks_first_and_no_is_no(client):
    path, file = client
    state = state_folder(read_config(path))
    ended = call(path, file, input="n\n")
    assert ended.return_value == 0
    assert "Nothing was written." in ended.stderr
    assert not (state / "revealed").exists()
    assert not (state / "revealed.log").exists()
    assert call(path, file, input="y\n").return_value == 0
    assert (state / "revealed" / "next.csv").is_file()


def test_each_time_is_noted_without_identifiers(client):
    path, file = client
    state = state_folder(read_config(path))
    for _ in range(2):
        call(path, file, "--yes")
    lines = (state / "revealed.log").read_text().splitlines()
    assert len(lines) == 2
    parts = lines[0].split("\t")
    assert parts[1:] == [
        "next.csv", "5 rows", "3 phones", "customer_id,crowd,arm,phone", "next.csv",
    ]  # fmt: skip
    assert not any(row[0] in lines[0] or row[1] in lines[0] for row in
                   read(state / "revealed" / "next.csv")[1:] if row[1])  # fmt: skip
    assert stat.S_IMODE((state / "revealed.log").stat().st_mode) == 0o600
    # nothing decoded is left beside the client, and no draft
    assert not [p for p in state.rglob("*") if "scratch" in p.name or p.suffix == ".tmp"]


def test_never_without_the_key(client):
    path, file = client
    (state_folder(read_config(path)) / "secret.key").unlink()
    ended = call(path, file, "--yes")
    assert isinstance(ended.exception, DataError)
    assert ended.exception.exit_status == 2
    assert "secret.key is not here" in str(ended.exception)
    assert not (state_folder(read_config(path)) / "revealed").exists()


def test_never_with_another_key(client):
    path, file = client
    key = state_folder(read_config(path)) / "secret.key"
    key.write_text("ab" * 32)
    with pytest.raises(DataError, match=r"none of the 5 ids of next\.csv is a person"):
        find_phones(read_config(path), file)


@pytest.mark.parametrize("place", ["audiences/send.csv", "send.csv", "deeper/down/send.csv"])
def test_never_among_reports(client, place):
    path, file = client
    ended = call(path, file, "--out", file.parent.parent / place, "--yes")
    assert isinstance(ended.exception, ConfigError)
    assert "lies among the reports" in str(ended.exception)


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "has the columns none"), ("a,b\n1,2\n", "has the columns a, b"),
     ("customer_id,phone\nc1,2\n", "has the columns customer_id, phone"),
     ("customer_id\n", "has a header and no rows"), ("customer_id,arm\nc1\n", "record 1 has"),
     ("customer_id,arm\nc1,A\nc2,Holdout\n", "people who are held back")],
)  # fmt: skip
def test_what_is_no_list_for_a_sender_is_refused(client, content, words):
    path, file = client
    file.write_text(content)
    ended = call(path, file, "--yes")
    assert isinstance(ended.exception, ConfigError)
    assert words in str(ended.exception)


def test_a_missing_file_is_a_paragraph(client):
    path, file = client
    ended = call(path, file.with_name("nowhere.csv"), "--yes")
    assert "is no file" in str(ended.exception)
