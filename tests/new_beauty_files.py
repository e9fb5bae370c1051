"""The raw files of new_beauty, asked in SQL: other means than those of the generator."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import yaml

BRAND = Path(__file__).resolve().parents[1] / "sample_data" / "new_beauty"
ADD, VIP, NULL, BLAST = "add_wecom_2026Q2", "vip_sms_2026Q2", "null_sms_2026Q2", "spring_blast"
TABLES = ("orders", "members", "deliveries")
# One row a person and test. A window of 7 days; a call is heard from 5 seconds on.
_UNITS = """
create table units as
with firsts as (
    select test_id, phone, any_value(arm) arm, any_value(crowd) crowd, min(sent_at) sent_at,
        count(*) n_rows, sum(round(cost * 100)) cents, max(order_amount) amount,
        min(delivered_at) delivered_at, min(clicked_at) clicked_at, min(ordered_at) ordered_at,
        min(friend_added_at) added_at, min(friend_removed_at) removed_at,
        min(opted_out_at) out_at, min(complained_at) angry_at,
        max(case when talk_seconds >= 5 then 1 else 0 end) connected,
        max(case when talk_seconds > 0 then 1 else 0 end) picked_up
    from deliveries where test_id is not null group by all
)
select *, (delivered_at is not null)::int delivered,
    coalesce(clicked_at <= sent_at + interval 7 day, false)::int clicked,
    coalesce(ordered_at <= sent_at + interval 7 day, false)::int ordered,
    coalesce(added_at <= sent_at + interval 7 day, false)::int friend_added,
    coalesce(out_at <= sent_at + interval 7 day, false)::int opted_out,
    coalesce(angry_at <= sent_at + interval 7 day, false)::int complained,
    friend_added * coalesce(removed_at <= added_at + interval 7 day, false)::int friend_removed,
    friend_added - friend_removed friend_kept
from firsts
"""


@cache
def facts() -> dict:
    """The facts by name."""
    return yaml.safe_load((BRAND / "facts.yml").read_text(encoding="utf-8"))["facts"]


@cache
def database() -> duckdb.DuckDBPyConnection:
    """The tables of the brand, contacts among them, and ``units``."""
    connection = duckdb.connect()
    for name in TABLES:
        path = BRAND / "tables" / f"{name}.parquet"
        connection.execute(f"create view {name} as from read_parquet('{path}')")
    contacts = BRAND / "exports" / "wecom_contacts.csv"
    connection.execute(f"create table contacts as from read_csv('{contacts}', all_varchar = true)")
    connection.execute(_UNITS)
    return connection


def ask(query: str) -> pd.DataFrame:
    """The answer to a query."""
    return database().execute(query).df()


def by_arm(test: str, *names: str) -> dict[str, dict[str, int]]:
    """People of a test by arm and how many have each outcome."""
    sums = "".join(f", sum({name})::int {name}" for name in names)
    table = ask(f"select arm, count(*) people{sums} from units where test_id = '{test}' group by 1")
    return table.set_index("arm").astype(int).to_dict("index")
