"""camel_milk as its raw files tell it: read with pandas, tied to true persons by truth.parquet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml
from camel_milk_places import BRAND, END, SAMPLES


@pytest.fixture(scope="session")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the generator writes now."""
    out = tmp_path_factory.mktemp("samples")
    command = [sys.executable, str(SAMPLES / "generate.py"), "camel_milk", "--out", str(out)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "TZ": "UTC"})
    return out / "camel_milk"


@pytest.fixture(scope="session")
def facts() -> dict:
    return yaml.safe_load((BRAND / "facts.yml").read_text(encoding="utf-8"))["facts"]


@pytest.fixture(scope="session")
def truth() -> pd.DataFrame:
    return pd.read_parquet(BRAND / "truth.parquet").set_index("id_value")


@pytest.fixture(scope="session")
def order_rows() -> pd.DataFrame:
    """All rows of the order export as text, headers without their blanks."""
    rows = pd.read_csv(
        BRAND / "exports/youzan_orders.csv", encoding="gb18030", dtype=str, keep_default_na=False
    )
    return rows.rename(columns=str.strip)


@pytest.fixture(scope="session")
def orders(order_rows: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Usable orders of any status, each once, with person, cluster and numbers."""
    rows = order_rows.drop_duplicates()
    rows = rows[rows["订单号"].ne("") & rows["标准状态"].isin(["paid", "closed", "refunded"])]
    rows = rows.assign(
        paid_at=pd.to_datetime(rows["买家付款时间"], errors="coerce"),
        amount=pd.to_numeric(rows["订单实付金额"], errors="coerce"),
        refund=pd.to_numeric(rows["订单已退款金额"]),
        promotion=rows["活动订单"].eq("true"),
    ).dropna(subset=["paid_at", "amount"])
    known = truth.loc[rows["买家手机号"].where(rows["买家手机号"].ne(""), rows["会员号"])]
    return rows.assign(
        person=known["person"].to_numpy(),
        cluster=known["cluster"].to_numpy(),
        day=rows["paid_at"].dt.normalize(),
        status=rows["标准状态"],
    ).reset_index(drop=True)


@pytest.fixture(scope="session")
def paid(orders: pd.DataFrame) -> pd.DataFrame:
    """Paid orders up to as_of; ``nth`` counts the purchase days of a person from 1."""
    rows = orders[orders["status"].eq("paid") & orders["paid_at"].lt(END)]
    nth = rows.groupby("person")["day"].rank(method="dense").astype(int)
    return rows.assign(nth=nth)


@pytest.fixture(scope="session")
def purchases(paid: pd.DataFrame) -> pd.DataFrame:
    """Purchase days of a person up to as_of: person, nth, day and next_day."""
    rows = paid.drop_duplicates(["person", "nth"]).sort_values(["person", "nth"])
    return rows.assign(next_day=rows.groupby("person")["day"].shift(-1))


@pytest.fixture(scope="session")
def contact_rows() -> pd.DataFrame:
    return pd.read_excel(BRAND / "exports/wecom_contacts.xlsx", dtype=str)


@pytest.fixture(scope="session")
def relations(contact_rows: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Usable relations, with person, times, entry code."""
    rows = contact_rows.assign(
        added_at=pd.to_datetime(contact_rows["添加时间"], errors="coerce"),
        removed_at=pd.to_datetime(contact_rows["流失时间"]),
    ).dropna(subset=["外部联系人ID", "员工", "added_at"])
    return rows.assign(person=truth.loc[rows["外部联系人ID"], "person"].to_numpy())


@pytest.fixture(scope="session")
def touches(truth: pd.DataFrame) -> pd.DataFrame:
    """All touches, with person and cluster."""
    files = sorted((BRAND / "touches").glob("*.parquet"))
    rows = pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)
    known = truth.loc[rows["external_user_id"].fillna(rows["open_id"])]
    return rows.assign(
        person=known["person"].to_numpy(),
        cluster=known["cluster"].to_numpy(),
        occurred_at=rows["occurred_at"].astype("datetime64[s]"),
    )


@pytest.fixture(scope="session")
def members() -> pd.DataFrame:
    return pd.read_csv(BRAND / "tables/members.csv", dtype=str, keep_default_na=False)
