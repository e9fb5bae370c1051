"""The plan of the test as it was filed before the send, in the form of playbook 04's plan.json.

It is a document of its day: what forms.yml says now differs from it on purpose.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from . import plan, wording

FORMAT = 1


def write_filed(folder: Path) -> None:
    """Write plans/add_wecom_2026Q2.json."""
    test, sizes = _content(), planned_sizes()
    whole = json.dumps([FORMAT, test, sizes], sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(whole.encode()).hexdigest()
    entry = {"test": test, "sizes": sizes, "sha256": digest}
    filed = {"format": FORMAT, "as_of": plan.FILED_ON, "tests": [entry]}
    path = folder / "plans" / f"{plan.ADD}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(filed, ensure_ascii=False, indent=1)
    path.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def planned_sizes() -> list[dict[str, Any]]:
    """People by crowd and arm as planned, the arm held back among them."""
    rows = []
    for crowd, (size, *_) in plan.ADD_CROWDS.items():
        held = round(plan.HOLDOUT_SHARE * size)
        each = (size - held) // len(plan.ADD_ARMS)
        counts = dict.fromkeys(plan.ADD_ARMS, each) | {plan.HOLDOUT: held}
        rows += [{"crowd": crowd, "arm": arm, "people": n} for arm, n in counts.items()]
    return rows


def _content() -> dict[str, Any]:
    arms = [
        {
            "name": arm, "control": arm == "A", "text": text, "script": script,
            "incentive": incentive, "incentive_cost": cost, "hook": hook,
            "link": f"yanxu.cn/{arm.lower()}2", "template": f"YX26{arm}",
            "entry_code": f"add26q2_{arm.lower()}", "weight": 1.0,
        }
        for arm, (text, script, incentive, cost, hook) in wording.ADD_COPY.items()
    ]  # fmt: skip
    crowds = [
        {
            "name": crowd, "people": size, "who": None, "baseline": base,
            "friend_value": plan.FRIEND_VALUES.get(crowd),
        }
        for crowd, (size, base, *_) in plan.ADD_CROWDS.items()
    ]  # fmt: skip
    guardrails = [
        {"metric": metric, "margin": margin, "baseline": None}
        for metric, margin in plan.MARGINS.items()
    ]
    return {
        "id": plan.ADD, "channel": "call_sms", "hypothesis": wording.HYPOTHESIS,
        "vendor": "aliyun", "purpose": "marketing", "primary": "friend_added",
        "minimum_difference": 0.01, "minimum_lift": None, "baseline": 0.03,
        "starts_on": plan.ADD_STARTS, "ends_on": plan.ADD_ENDS, "send_hour": plan.ADD_HOUR,
        "window_days": 7, "looks": [1.0], "spending": "obrien_fleming",
        "holdout_share": plan.HOLDOUT_SHARE, "attempts": 2, "budget": 12000.0,
        "call_capacity": 80000, "arms": arms, "crowds": crowds, "guardrails": guardrails,
    }  # fmt: skip
