"""client.yml: what is read, and the exact sentence for what is refused.

The expected sentences are the contract's (section 1: found, expected, what to do; issue 2, point 2:
file, key, value, what is allowed, nearest known key), written by hand from the file in each case.
"""

import datetime as dt
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from privdom_kit.client_file import ClientFile
from privdom_kit.config import read_config
from privdom_kit.errors import ConfigError

GOOD = "client: camel\nas_of: 2026-05-31\n"
CLIENT = "1 to 64 of a-z, 0-9, _ and -, beginning with a letter or digit"


@pytest.fixture(autouse=True)
def _inside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("order_id\n", encoding="utf-8")


def write(text: str | bytes) -> str:
    raw = text if isinstance(text, bytes) else text.encode()
    Path("client.yml").write_bytes(raw)
    return "client.yml"


def refusal(text: str | bytes, **call) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(write(text), **call)
    assert caught.value.exit_status == 2
    return str(caught.value)


def test_the_contract_example_is_read():
    # The file of contract.md, section 2, without the preset, which belongs to a later issue.
    for name in ("exports/orders.csv", "exports/contacts.xlsx", "touches/b.parquet", "forms.yml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    Path("touches/a.parquet").touch()
    config = read_config(
        write(
            "client: camel_milk\nbrand: 驼小满\nlanguage: zh\ntimezone: Asia/Shanghai\n"
            "currency: CNY\nas_of: 2026-05-31\nengine: {backend: duckdb}\ntables:\n"
            "  orders:   {path: exports/orders.csv}\n"
            "  contacts: {path: exports/contacts.xlsx, columns: {external_user_id: 外部联系人ID}}\n"
            "  touches:  {path: touches/*.parquet}\n"
            "settings:\n  layering: {active_days: 45}\n"
            "economics: {gross_margin: 0.55, discount_rate: 0.10, sms_cost: 0.05,\n"
            "  call_cost: 0.12}\n"
            "forms: forms.yml\n"
        )
    )
    here = Path.cwd()
    assert (config.client, config.brand, config.language) == ("camel_milk", "驼小满", "zh")
    assert config.as_of == dt.date(2026, 5, 31)
    assert config.zone.utcoffset(dt.datetime(2026, 5, 31)) == dt.timedelta(hours=8)
    assert config.folder == here
    assert config.path == here / "client.yml"
    assert config.forms == here / "forms.yml"
    assert config.tables["contacts"].columns == {"external_user_id": "外部联系人ID"}
    touches = config.tables["touches"]
    assert touches.path == "touches/*.parquet"
    assert touches.files == (here / "touches/a.parquet", here / "touches/b.parquet")
    assert config.settings.layering.active_days == 45
    assert config.settings.privacy.min_cell == 10
    assert config.economics.gross_margin == 0.55
    assert config.economics.call_cost == 0.12


def test_what_is_not_given_is_none_never_guessed():
    config = read_config(write(GOOD + "economics: {gross_margin: null}\n"))
    assert set(config.economics.model_dump().values()) == {None}
    assert config.forms is None
    assert config.tables == {}
    assert config.brand == "camel"


def test_sections_with_only_comments_are_not_there():
    text = GOOD + "tables:\n  # orders: {path: x}\nsettings:\n  layering:\nengine:\neconomics:\n"
    assert read_config(write(text)).settings.layering.active_days == 30


def test_a_folder_stands_for_its_client_yml():
    write(GOOD)
    assert read_config(".").client == "camel"


def test_a_folder_of_exports_gives_its_readable_kinds():
    Path("exports").mkdir()
    for name in ("b.CSV", "a.xlsx", "c.parquet", "notes.txt", ".hidden.csv", "~$a.xlsx"):
        Path("exports", name).touch()
    config = read_config(write(GOOD + "tables: {orders: {path: exports}}\n"))
    assert [file.name for file in config.tables["orders"].files] == ["a.xlsx", "b.CSV", "c.parquet"]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file():
    Path("orders[1].csv").touch()
    config = read_config(write(GOOD + "tables: {orders: {path: 'orders[1].csv'}}\n"))
    assert [file.name for file in config.tables["orders"].files] == ["orders[1].csv"]


def test_bom_and_aliases_in_small_numbers_are_taken():
    text = "\ufeffx-client: &name camel\n".replace("x-client", "brand") + (
        "client: *name\nas_of: 2026-05-31\n"
    )
    assert read_config(write(text)).client == "camel"


def test_the_call_overrides_the_file():
    config = read_config(write(GOOD), as_of="2026-01-31", language="en")
    assert (config.as_of, config.language) == (dt.date(2026, 1, 31), "en")
    assert read_config(write(GOOD), as_of="", language="").as_of == dt.date(2026, 5, 31)


@pytest.mark.parametrize("as_of", ["2026-5-31", "20260531", "2026-W22-7", "2026-02-30", "today"])
def test_as_of_of_the_call_is_an_iso_date(as_of):
    assert refusal(GOOD, as_of=as_of) == (
        f"as_of (given in the call) is '{as_of}'. Expected a date such as 2026-05-31. "
        "Correct the value or leave it out."
    )


def test_language_of_the_call():
    assert refusal(GOOD, language="cn") == (
        "language (given in the call) is 'cn'. Expected one of zh, en. "
        "Correct the value or leave it out."
    )


TOP = (
    "client, brand, language, timezone, currency, as_of, engine, tables, settings, economics, forms"
)
SENTENCES = {
    "unknown key": (
        GOOD + "settings:\n  layering:\n    active_day: 45\n",
        "client.yml, line 5: settings.layering.active_day (value 45) is not a known key.",
        "Did you mean active_days?",
    ),
    "unknown top key": (
        GOOD + "langage: zh\n",
        "client.yml, line 3: langage (value zh) is not a known key. "
        f"Expected one of {TOP}. Did you mean language?",
        "",
    ),
    "misspelt required key is one problem": (
        "clent: camel\nas_of: 2026-05-31\n",
        "client.yml, line 1: clent (value camel) is not a known key. "
        f"Expected one of {TOP}. Did you mean client?",
        "",
    ),
    "setting of another topic": (
        GOOD + "settings: {growth: {min_cel: 5}}\n",
        "client.yml, line 3: settings.growth.min_cel (value 5) is not a known key.",
        "Did you mean settings.privacy.min_cell?",
    ),
    "leading zeros": (
        "client: 00123\nas_of: 2026-05-31\n",
        f"client.yml, line 1: client is 00123. Expected {CLIENT}. "
        "YAML reads it as a number; put quotes around it: '00123'.",
        "",
    ),
    "no is false": (
        "client: no\nas_of: 2026-05-31\n",
        f"client.yml, line 1: client is no. Expected {CLIENT}. "
        "YAML reads it as true or false; put quotes around it: 'no'.",
        "",
    ),
    "capital letters": (
        "client: Camel\nas_of: 2026-05-31\n",
        f"client.yml, line 1: client is Camel. Expected {CLIENT}. Correct the value.",
        "",
    ),
    "out of range": (
        GOOD + "settings: {layering: {active_days: 0}}\n",
        "client.yml, line 3: settings.layering.active_days is 0. "
        "Expected a whole number from 1 to 3,650 (days). Correct the value.",
        "",
    ),
    "percent sign": (
        GOOD + "settings: {intake: {max_bad_share: 5%}}\n",
        "client.yml, line 3: settings.intake.max_bad_share is 5%. "
        "Expected a number from 0 to 1 (share of rows). Correct the value.",
        "",
    ),
    "percent instead of share": (
        GOOD + "economics: {gross_margin: 55}\n",
        "client.yml, line 3: economics.gross_margin is 55. "
        "Expected a number from 0 to 1 (share of revenue). Correct the value.",
        "",
    ),
    "not a number": (
        GOOD + "economics: {sms_cost: .nan}\n",
        "client.yml, line 3: economics.sms_cost is .nan. "
        "Expected a number at least 0 (currency per text message). Correct the value.",
        "",
    ),
    "setting without a value": (
        GOOD + "settings: {layering: {active_days: }}\n",
        "client.yml, line 3: settings.layering.active_days has no value. "
        "Expected a whole number from 1 to 3,650 (days). Give a value or remove the key.",
        "",
    ),
    "date that does not exist": (
        "client: camel\nas_of: 2026-02-30\n",
        "client.yml, line 2: as_of is 2026-02-30. Expected a date such as 2026-05-31. "
        "Correct the value.",
        "",
    ),
    "time instead of a date": (
        "client: camel\nas_of: 2026-05-31 10:00:00\n",
        "client.yml, line 2: as_of is 2026-05-31 10:00:00. "
        "Expected a date such as 2026-05-31. Correct the value.",
        "",
    ),
    "no as_of": (
        "client: camel\n",
        "client.yml: as_of is missing. Expected the last day that the calculations may see. "
        "Add a line such as `as_of: 2026-05-31`, or give --as-of.",
        "",
    ),
    "language": (
        GOOD + "language: fr\n",
        "client.yml, line 3: language is fr. Expected one of zh, en. Correct the value.",
        "",
    ),
    "zone": (
        GOOD + "timezone: Asia/Shangai\n",
        "client.yml, line 3: timezone is Asia/Shangai. "
        "Expected an IANA time zone such as Asia/Shanghai. Did you mean Asia/Shanghai?",
        "",
    ),
    "currency": (
        GOOD + "currency: RMB\n",
        "client.yml, line 3: currency is RMB. Expected an ISO 4217 code such as CNY. "
        "Did you mean CNY?",
        "",
    ),
    "backend": (
        GOOD + "engine: {backend: spark}\n",
        "client.yml, line 3: engine.backend is spark. Expected one of duckdb. Correct the value.",
        "",
    ),
    "engine option": (
        GOOD + "engine: {options: {memory: 2GB}}\n",
        "client.yml, line 3: engine.options.memory (value 2GB) is not a known key. "
        "Expected one of memory_limit, threads. Did you mean memory_limit?",
        "",
    ),
    "engine option's value": (
        GOOD + "engine: {options: {memory_limit: 2000}}\n",
        "client.yml, line 3: engine.options.memory_limit is 2000. Expected a size such as 2GB. "
        "YAML reads it as a number; put quotes around it: '2000'.",
        "",
    ),
    "engine tables": (
        GOOD + "engine: {tables: {orders: a.b.c}}\n",
        "client.yml, line 3: engine.tables names orders. "
        "Expected no table there: this version reads files. Give files under `tables`.",
        "",
    ),
    "unknown table": (
        GOOD + "tables:\n  order: {path: orders.csv}\n",
        "client.yml, line 4: tables.order is not a known key. Expected one of orders, order_items,",
        "Did you mean orders?",
    ),
    "unknown column": (
        GOOD + "tables:\n  orders:\n    path: orders.csv\n    columns: {amont: 金额}\n",
        "client.yml, line 6: tables.orders.columns.amont (value 金额) is not a known key.",
        "Did you mean amount?",
    ),
    "one header twice": (
        GOOD + "tables:\n  orders: {path: orders.csv, columns: {paid_at: 时间, amount: 时间}}\n",
        "client.yml, line 4: tables.orders.columns.amount is 时间, which paid_at takes already. "
        "Expected each header once. Remove one of the two.",
        "",
    ),
    "header that is a number": (
        GOOD + "tables:\n  orders: {path: orders.csv, columns: {amount: 2024}}\n",
        "client.yml, line 4: tables.orders.columns.amount is 2024. Expected text. "
        "YAML reads it as a number; put quotes around it: '2024'.",
        "",
    ),
    "path without key": (
        GOOD + "tables:\n  orders: orders.csv\n",
        "client.yml, line 4: tables.orders is orders.csv. "
        "Expected `key: value` lines with the keys path, preset, columns, values, also. "
        "Correct the value.",
        "",
    ),
    "preset": (
        GOOD + "tables:\n  orders: {path: orders.csv, preset: youzan_order}\n",
        "client.yml, line 4: tables.orders.preset is youzan_order, which is no bundled preset. "
        "Expected one of ai_calls_aliyun,",
        "Did you mean youzan_orders?",
    ),
    "preset of another table": (
        GOOD + "tables:\n  orders: {path: orders.csv, preset: youzan_items}\n",
        "client.yml, line 4: tables.orders.preset is youzan_items, which fills the table "
        "order_items. Expected a preset of orders. Put the file under tables.order_items.",
        "",
    ),
    "preset of a further export": (
        GOOD + "tables:\n  orders:\n    path: orders.csv\n    also:\n"
        "      - {path: orders.csv, preset: youzan_items}\n",
        "client.yml, line 7: tables.orders.also.0.preset is youzan_items, which fills the table "
        "order_items. Expected a preset of orders. Put the file under tables.order_items.",
        "",
    ),
    "key of a further export": (
        GOOD + "tables:\n  orders:\n    path: orders.csv\n    also:\n"
        "      - {path: orders.csv, prest: youzan_orders}\n",
        "client.yml, line 7: tables.orders.also.0.prest (value youzan_orders) is not a known key. "
        "Expected one of path, preset, columns, values. Did you mean preset?",
        "",
    ),
    "values of an unknown column": (
        GOOD + "tables:\n  orders: {path: orders.csv, values: {stats: {拼团中: paid}}}\n",
        "client.yml, line 4: tables.orders.values.stats is not a known key.",
        "Did you mean status?",
    ),
    "two documents": (
        GOOD + "---\nclient: b\n",
        "client.yml, line 3 is not valid YAML (but found another document). "
        "Expected lines of the form `key: value`, indented by spaces. "
        "Mend that line; put quotes around text that holds `: `, `#`, `@` or `*`.",
        "",
    ),
    "not a mapping": (
        "- client\n",
        "client.yml does not hold `key: value` lines. "
        "Expected a client's configuration (client.yml). Check that this is the right file.",
        "",
    ),
    "empty": (
        "# nothing yet\n",
        "client.yml is empty. Expected a client's configuration (client.yml). Fill it in.",
        "",
    ),
    "tab": (
        "client: camel\nsettings:\n\tlayering: {}\n",
        "client.yml, line 3 starts with a tab character. Expected spaces, two a level. "
        "Replace the tab by spaces.",
        "",
    ),
    "key twice": (
        GOOD + "client: b\n",
        "client.yml, line 3: client stands twice (first in line 1). Expected every key once. "
        "Remove one of the two.",
        "",
    ),
    "key twice, deep": (
        GOOD + "settings:\n  layering: {active_days: 1,\n    active_days: 2}\n",
        "client.yml, line 5: settings.layering.active_days stands twice (first in line 4). "
        "Expected every key once. Remove one of the two.",
        "",
    ),
    "key that YAML reads as true or false": (
        GOOD + "on: 1\n",
        "client.yml, line 3: the key on is not text (YAML reads it as bool). "
        "Expected a key that is text. Put quotes around it: 'on'.",
        "",
    ),
    "tag": (
        "client: !!python/object/apply:os.getcwd []\n",
        "client.yml, line 1 carries the tag tag:yaml.org,2002:python/object/apply:os.getcwd. "
        "Expected plain keys, values and lists. Remove the tag.",
        "",
    ),
    "alias to itself": (
        "client: &a [*a]\n",
        "client.yml, line 1 holds an alias (*name) to itself. "
        "Expected plain keys, values and lists. Write the values out.",
        "",
    ),
    "alias bomb": (
        "a: &a [1]\nb: [" + ",".join(["*a"] * 11) + "]\n",
        "client.yml, line 2 uses more than 10 aliases (*name). "
        "Expected plain keys, values and lists. Write the values out.",
        "",
    ),
    "deep nesting": (
        "client: " + "[" * 30 + "]" * 30,
        "client.yml, line 1 nests deeper than 20 levels. Expected plain keys, values and lists. "
        "Flatten it.",
        "",
    ),
    "GB18030": (
        "client: camel\nbrand: 驼小满\n".encode("gb18030"),
        "client.yml, line 2 holds bytes that are not UTF-8. Expected a text file in UTF-8. "
        "Save it again as UTF-8 (in Windows Notepad: Save as, encoding UTF-8).",
        "",
    ),
    "control character": (
        "client: a\x07b\n",
        "client.yml is not valid YAML (control characters are not allowed).",
        "put quotes around text that holds `: `, `#`, `@` or `*`.",
    ),
    "too long": (
        "# " + "x" * 1_000_000,
        "client.yml is 1,000,002 bytes long. "
        "Expected a client's configuration (client.yml) of at most 1,000,000 bytes. "
        "Check that this is the right file.",
        "",
    ),
}


@pytest.mark.parametrize("case", SENTENCES)
def test_one_sentence_says_what_is_wrong(case):
    text, beginning, end = SENTENCES[case]
    message = refusal(text)
    if end:
        assert message.startswith(beginning)
        assert message.endswith(end)
    else:
        assert message == beginning
    assert "\n" not in message


def test_a_pattern_that_matches_nothing_is_named():
    assert refusal(GOOD + "tables:\n  touches: {path: touches/*.parquet}\n") == (
        "client.yml, line 4: tables.touches.path is touches/*.parquet, which matches no file. "
        f"Expected a file, a pattern or a folder, relative to {Path.cwd()}. "
        "Correct the path, or remove the table."
    )


@pytest.mark.parametrize("path", ["'x\\0y'", '"x\\0y"', "a" * 300, "nowhere/**/*.csv"])
def test_impossible_paths_match_nothing(path):
    message = refusal(GOOD + f"tables:\n  orders: {{path: {path}}}\n")
    assert "which matches no file" in message


def test_forms_must_be_there():
    assert refusal(GOOD + "forms: forms.yml\n") == (
        "client.yml, line 3: forms is forms.yml, which matches no file. "
        f"Expected a readable file, relative to {Path.cwd()}. Correct the path, or remove the line."
    )


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_an_unreadable_file_is_named(monkeypatch):
    monkeypatch.setattr("privdom_kit.client_file.os.access", lambda path, mode: False)
    assert refusal(GOOD + "tables:\n  orders: {path: orders.csv}\n") == (
        "client.yml, line 4: tables.orders.path is orders.csv; "
        f"{Path.cwd() / 'orders.csv'} cannot be read. Expected readable files. "
        "Check the permissions."
    )


def test_no_file():
    with pytest.raises(ConfigError) as caught:
        read_config("nowhere/client.yml")
    assert str(caught.value) == (
        "nowhere/client.yml cannot be read (No such file or directory). "
        "Expected a client's configuration (client.yml). Check the path and the permissions."
    )


def test_problems_of_a_file_come_together_in_the_order_of_its_lines():
    message = refusal("client: 7\nlanguage: fr\nas_of: 2026-05-31\nfoo: 1\n")
    assert message == (
        f"client.yml, line 1: client is 7. Expected {CLIENT}. "
        "YAML reads it as a number; put quotes around it: '7'. "
        "client.yml, line 2: language is fr. Expected one of zh, en. Correct the value. "
        "client.yml, line 4: foo (value 1) is not a known key. "
        f"Expected one of {TOP}. Did you mean forms?"
    )


def test_at_most_five_problems_are_listed():
    message = refusal(GOOD + "".join(f"zzz{n}: 1\n" for n in range(8)))
    assert message.count("is not a known key") == 5
    assert message.endswith("And 3 more in the same file.")


def test_long_values_are_cut():
    message = refusal("client: '" + "A" * 500 + "'\nas_of: 2026-05-31\n")
    assert "client is '" + "A" * 59 + "…. Expected" in message


# mostly keys that mean something, so that the checks behind the first one are reached
KEYS = st.sampled_from(
    [*ClientFile.model_fields, "orders", "contacts", "path", "columns", "layering", "active_days"]
) | st.text(max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(KEYS, VALUES, max_size=6) | st.text() | st.binary(max_size=200))
def test_whatever_stands_in_the_file_is_read_or_refused_in_one_paragraph(content):
    raw = content if isinstance(content, (bytes, str)) else yaml.safe_dump(content)
    try:
        read_config(write(raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")))
    except ConfigError as error:
        assert "\n" not in str(error)
        assert "pydantic" not in str(error)
