"""Findings and an executed notebook made by hand, for the tests of the report."""

from __future__ import annotations

from typing import Any

import nbformat
import pandas as pd
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from privdom_kit.messages import msg
from privdom_kit.results import Coverage, Finding, Result, Verdict

# A picture of one pixel.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJg"
    "gg=="
)


def states_finding(**changes: Any) -> Finding:
    """Two states, one of them suppressed; 254 of 51,234 rows left out."""
    table = pd.DataFrame(
        {
            "state": ["high_value", "lapsed"],
            "customers": [412, None],
            "share": [0.0685, None],
            "share_ci_lower": [0.062, None],
            "share_ci_upper": [0.075, None],
            "net_spend": [523423.5, None],
        }
    )
    result = Result(
        question="states",
        methods=("S006", "S052"),
        verdict=Verdict.ACT,
        table=table,
        units={"share": "percent: share of customers", "net_spend": "money"},
        settings={"layering.active_days": 30},
        coverage=Coverage(51234, 50980, {"after as_of": 254}),
        as_of="2026-05-31",
        figures={"customers": 6012},
    )
    values: dict[str, Any] = {
        "result": result,
        "statement": msg("Reports"),
        "evidence": (msg("Status"),),
        "action": msg("Answers"),
        "owner": msg("Owner"),
        "money_at_stake": 123456.7,
        "money_basis": msg("Methods"),
    }
    return Finding(**(values | changes))


def unmeasured_finding() -> Finding:
    """A question that no table could answer."""
    result = Result(
        question="life_stages",
        methods=("S051",),
        verdict=Verdict.NOT_MEASURED,
        table=pd.DataFrame(),
        units={},
        settings={},
        coverage=Coverage(0, 0),
        as_of="2026-05-31",
    )
    return Finding(result, statement=msg("No reason was recorded."))


def finding_output(question: str, verdict: str, statement: str, html: str) -> Any:
    """A notebook output as ``show_finding`` leaves it."""
    mark = {"question": question, "verdict": verdict, "statement": statement}
    data = {"text/html": html, "text/plain": statement}
    return new_output("display_data", data=data, metadata={"privdom": mark})


def chart_output(alt: str) -> Any:
    """A chart as ``show_finding`` leaves it."""
    data = {"image/png": PNG, "text/plain": alt}
    return new_output("display_data", data=data, metadata={"image/png": {"alt": alt}})


def executed_notebook(*extra: Any) -> nbformat.NotebookNode:
    """Title, parameters, imports, one question with a card and a chart, then ``extra`` cells."""
    card = '<section class="finding finding-act" id="finding-states"><h3>流失占三成</h3></section>'
    cells = [
        new_markdown_cell("# Who are they?\n\nThe introduction."),
        new_code_cell(
            'client: str = "/home/kim/secret/client.yml"  # the client',
            metadata={"tags": ["parameters"]},
        ),
        new_code_cell("from privdom_kit import layering"),
        new_markdown_cell("## How many are lost?\n\nA text."),
        new_code_cell("states = layering.measure_states(base)"),
        new_code_cell(
            "show(layering.describe_states(states))",
            execution_count=3,
            outputs=[
                finding_output("states", "act", "流失占三成", card),
                chart_output("Customers by state. 流失占三成"),
            ],
        ),
    ]
    return new_notebook(cells=[*cells, *extra])
