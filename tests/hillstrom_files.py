"""Hillstrom's e-mail test of 64,000 people as a client folder with a plan.

K. Hillstrom, MineThatData E-Mail Analytics Challenge (2008): men's, women's and no e-mail, drawn by
lot; visit, conversion and spend in the two weeks after; spend of the year before (history).
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import yaml
from client_files import write_client
from real_data import real_file

FILE = "hillstrom_email_test.csv.gz"
SENT = pd.Timestamp("2026-05-04 10:00:00")
ARMS = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "no_email"}
PLAN = {
    "id": "hillstrom",
    "channel": "sms",
    "hypothesis": "An e-mail brings visits that would not come without it.",
    "primary": "clicked",
    "minimum_difference": 0.01,
    "baseline": 0.106,
    "starts_on": "2026-05-04",
    "ends_on": "2026-05-04",
    "window_days": 14,
    "holdout_share": 1 / 3,
    "arms": [{"name": "mens"}, {"name": "womens"}],
    "crowds": [{"name": "newbie", "people": 32_144}, {"name": "older", "people": 31_856}],
}


def people() -> pd.DataFrame:
    """The rows of the file, a person each, with the arm as the client calls it."""
    rows = pd.read_csv(real_file(FILE))
    return rows.assign(arm=rows["segment"].map(ARMS))


def write_hillstrom(folder: Path) -> Path:
    """Write the client folder; returns its client.yml."""
    rows = people()
    names = [f"h{number}" for number in range(len(rows))]
    held = rows["arm"].eq("no_email")
    later = SENT + pd.Timedelta(days=2)
    deliveries = pd.DataFrame(
        {
            "delivery_id": [f"d{number}" for number in range(len(rows))],
            "customer_id": names,
            "channel": "sms",
            "sent_at": SENT,
            "test_id": "hillstrom",
            "arm": rows["arm"],
            "crowd": rows["newbie"].map({1: "newbie", 0: "older"}),
            "status": held.map({True: "held_out", False: "delivered"}),
            "clicked_at": pd.Series(later, index=rows.index).where(rows["visit"].eq(1)),
            "ordered_at": pd.Series(later, index=rows.index).where(rows["conversion"].eq(1)),
            "order_amount": rows["spend"].where(rows["conversion"].eq(1)),
        }
    )
    orders = pd.DataFrame(
        {
            "order_id": [f"o{number}" for number in range(len(rows))],
            "customer_id": names,
            "paid_at": SENT - pd.Timedelta(days=60),
            "amount": rows["history"],
        }
    )
    path = write_client(
        folder,
        {"deliveries": ("deliveries.parquet", deliveries), "orders": ("orders.parquet", orders)},
        client="hillstrom",
        as_of="2026-06-30",
        currency="USD",
        language="en",
        timezone="UTC",
        forms="forms.yml",
        economics={"gross_margin": 0.4},
        settings={"copy_tests": {"control_arms": ["no_email", "held_out"]}},
    )
    forms = yaml.safe_dump({"copy_tests": [PLAN]}, allow_unicode=True)
    (folder / "forms.yml").write_text(forms, encoding="utf-8")
    return path
