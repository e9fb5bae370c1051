"""Raw identifiers stay outside: the key, the keyed id, and what lies on disk afterwards."""

import hashlib
import hmac
import stat

import duckdb
import pandas as pd
import pytest
from client_files import client_config, orders

from privdom_kit.errors import DataError
from privdom_kit.intake import UnusableData, prepare
from privdom_kit.intake.privacy import keyed_id_sql, load_secret


@pytest.mark.parametrize("message", ["phone:19900000001", "union_id:oAbc-é驼", "", "x" * 500])
def test_keyed_id_is_hmac_sha256(message):
    """Second implementation: the standard library's hmac."""
    key = bytes(range(32))
    expected = "c" + hmac.new(key, message.encode(), hashlib.sha256).hexdigest()[:20]
    query = f"SELECT {keyed_id_sql(key, 'm')} FROM (SELECT ? AS m)"
    assert duckdb.execute(query, [message]).fetchall() == [(expected,)]


PEOPLE = pd.DataFrame(
    {
        "phone": ["19900000001", "19900000002"],
        "union_id": ["oUnionSecretA", "oUnionSecretB"],
        "external_user_id": ["wmExternalA", "wmExternalB"],
        "staff_id": ["s1", "s1"],
        "added_at": ["2026-01-01", "2026-01-02"],
    }
)


def test_no_raw_identifier_is_stored(tmp_path):
    """All bytes beside the client are searched for every raw value, also upside down in hex."""
    tables = {"contacts": PEOPLE, "orders": orders(customer_id=["cust-raw-1", "cust-raw-2"])}
    prepare(client_config(tmp_path, tables))
    raws = [v for c in ("phone", "union_id", "external_user_id") for v in PEOPLE[c]]
    raws += ["cust-raw-1", "cust-raw-2"]
    files = [p for p in (tmp_path / ".privdom").rglob("*") if p.is_file()]
    assert len(files) >= 5
    for file in files:
        content = file.read_bytes()
        for raw in raws:
            assert raw.encode() not in content, (file.name, raw)
            assert hashlib.sha256(raw.encode()).hexdigest().encode() not in content


def test_the_key_is_made_once_and_kept_to_its_owner(tmp_path):
    """Mode 0600, 32 bytes, the same at the second run, another for another client."""
    config = client_config(tmp_path, {"contacts": PEOPLE})
    prepare(config)
    path = tmp_path / ".privdom" / "brand" / "secret.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    first = path.read_text()
    assert len(bytes.fromhex(first.strip())) == 32
    prepare(client_config(tmp_path, {"contacts": PEOPLE.head(1)}))
    assert path.read_text() == first
    other = client_config(tmp_path, {"contacts": PEOPLE}, client="other")
    prepare(other)
    assert (tmp_path / ".privdom" / "other" / "secret.key").read_text() != first


def test_a_damaged_key_is_not_replaced_silently(tmp_path):
    """A new key would break every earlier audience file, so the consultant decides."""
    path = tmp_path / "secret.key"
    path.write_text("not a key")
    with pytest.raises(DataError, match="does not hold a key"):
        load_secret(path)


def test_unusable_data_leaves_nothing(tmp_path):
    """No key, no table, no folder: exit 2 writes nothing but the check report."""
    config = client_config(tmp_path, {"orders": orders(amount=["x", "y"])})
    with pytest.raises(UnusableData):
        prepare(config)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["client.yml", "orders.csv"]


def test_a_second_run_reads_nothing(tmp_path):
    """The same input gives the same folder without opening the engine."""
    config = client_config(tmp_path, {"contacts": PEOPLE})
    first = prepare(config)
    stamp = (first.folder / "contacts.parquet").stat().st_mtime_ns
    lines: list[str] = []
    second = prepare(config, lines.append)
    assert second.folder == first.folder
    assert (second.folder / "contacts.parquet").stat().st_mtime_ns == stamp
    assert lines == []


def test_another_input_setting_or_day_is_another_state(tmp_path):
    """Whatever decides a stored number is part of the folder's name."""
    seen = {prepare(client_config(tmp_path, {"contacts": PEOPLE})).folder}
    seen.add(prepare(client_config(tmp_path, {"contacts": PEOPLE.head(1)})).folder)
    seen.add(prepare(client_config(tmp_path, {"contacts": PEOPLE}, as_of="2026-04-30")).folder)
    seen.add(prepare(client_config(tmp_path, {"contacts": PEOPLE}, timezone="UTC")).folder)
    assert len(seen) == 4
