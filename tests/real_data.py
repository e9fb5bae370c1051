"""Where the public data lie that tests may use and the repository does not hold."""

from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parents[2] / "shared" / "data"


def real_file(name: str) -> Path:
    """A public data file; the test that needs it is skipped, saying so, where it is absent."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"public data file {name} is not at ../shared/data beside the repository")
    return path


def cdnow(sample: bool = True) -> pd.DataFrame:
    """CDNOW as canonical orders: one row a line of the file."""
    if sample:
        path = real_file("CDNOW_sample.txt")
        names = ["master", "customer_id", "paid_at", "cds", "amount"]
        table = pd.read_csv(path, sep=r"\s+", names=names, dtype=str)
    else:
        path = real_file("CDNOW_master.txt")
        names = ["customer_id", "paid_at", "cds", "amount"]
        table = pd.read_csv(path, sep=r"\s+", names=names, dtype=str, skiprows=1)
    table["order_id"] = [f"L{i}" for i in range(len(table))]
    return table[["order_id", "customer_id", "paid_at", "amount"]]


def online_retail() -> pd.DataFrame:
    """Online Retail as canonical orders: one row an invoice; cancellations are negative."""
    lines = pd.read_parquet(real_file("online_retail_2010_2011.parquet"))
    lines.columns = [c.lower().replace("_", "").replace(" ", "") for c in lines.columns]
    number = next(c for c in lines.columns if c.startswith("invoice") and "date" not in c)
    price = "unitprice" if "unitprice" in lines.columns else "price"
    lines["amount"] = lines["quantity"] * lines[price].astype(float)
    orders = lines.groupby(number, as_index=False).agg(
        customer_id=("customerid", "first"),
        paid_at=("invoicedate", "min"),
        amount=("amount", "sum"),
    )
    orders["customer_id"] = orders["customer_id"].map(
        lambda value: "" if pd.isna(value) else str(int(float(value)))
    )
    orders["amount"] = orders["amount"].round(2)
    return orders.rename(columns={number: "order_id"})
