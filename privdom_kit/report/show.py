"""A finding in a notebook: the card, the chart with its alt text, the tables, what they rest on.

Each part is emitted as HTML and as plain text. The plain text carries raw numbers and is the same
on every run, so that stored outputs can be compared.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from privdom_kit.labels import capital, heading, in_question, reason
from privdom_kit.messages import Message, current_language, msg
from privdom_kit.report.pages import environment, fill
from privdom_kit.report.tables import (
    raw_text,
    table_text,
    view_figures,
    view_table,
)
from privdom_kit.report.theme import VERDICT_SIGNS, chart_bundle, chart_title
from privdom_kit.results import Coverage, Finding, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONFIDENCE_WORDS = {
    "high": msg("high"),
    "medium": msg("medium"),
    "low": msg("low"),
}


def anchor(question: str) -> str:
    """The id of a finding's card on its report page."""
    return f"finding-{question.replace('_', '-')}"


def show_finding(finding: Finding, ax: Axes | None = None) -> None:
    """Show a finding in the notebook, in the language of the session.

    Args:
        finding: What to show.
        ax: Its chart; the figure is closed, so that the notebook does not show it again.
    """
    from IPython.display import display

    language = current_language()
    html = _notebook_card(finding, language)
    card = {"text/html": html, "text/plain": card_text(finding, language)}
    display(card, raw=True, metadata={"privdom": _summary(finding, language)})
    if ax is not None:
        data, metadata = chart_bundle(ax, _alt(finding, ax, language))
        display(data, raw=True, metadata=metadata)
        _close(ax)
    details = {
        "text/html": details_html(finding.result, language),
        "text/plain": details_text(finding.result, language),
    }
    display(details, raw=True)


def finding_html(finding: Finding, language: str) -> str:
    """Card and details of a finding as one piece of HTML, everything from the data escaped."""
    return card_html(finding, language) + "\n" + details_html(finding.result, language)


def card_html(finding: Finding, language: str) -> str:
    """The card: verdict, statement, evidence, what to do, what is at stake, how sure."""
    result = finding.result
    return fill(
        "finding.html.j2",
        language,
        anchor=anchor(result.question),
        verdict=str(result.verdict),
        sign=VERDICT_SIGNS[str(result.verdict)],
        verdict_label=heading(str(result.verdict), language),
        question=heading(in_question(result.question, result.question), language),
        statement=finding.statement.render(language),
        evidence=[sentence.render(language) for sentence in finding.evidence],
        facts=_facts(finding, language),
    )


def details_html(result: Result, language: str) -> str:
    """Tables, single numbers, caveats, coverage, and the folded settings and method ids."""
    return fill(
        "details.html.j2",
        language,
        tables=[
            view_table(
                table,
                heading(in_question(result.question, name), language),
                result.units,
                language,
                main=name == result.question,
                question=result.question,
            )
            for name, table in _tables(result)
        ],
        folded=lambda table: msg(
            "Table: {caption} ({rows:count} rows)",
            caption=table.caption,
            rows=len(table.rows) + table.hidden,
        ).render(language),
        hidden=lambda table: msg(
            "{rows:count} more rows are in the result file.", rows=table.hidden
        ).render(language),
        figures=view_figures(result.figures, result.units, language, result.question),
        notes=[note.render(language) for note in result.notes],
        coverage=coverage_line(result.coverage, language),
        settings=[(name, raw_text(value)) for name, value in result.settings.items()],
        methods=", ".join(result.methods),
    )


def card_text(finding: Finding, language: str) -> str:
    """The card as plain text."""
    verdict = heading(str(finding.result.verdict), language)
    lines = [f"[{verdict}] {finding.statement.render(language)}"]
    lines += [f"- {sentence.render(language)}" for sentence in finding.evidence]
    for term, value, detail in _facts(finding, language):
        lines.append(f"{term}: {value}" + (f" ({detail})" if detail else ""))
    lines.append(f"money_at_stake = {raw_text(finding.money_at_stake)}")
    return "\n".join(lines)


def details_text(result: Result, language: str) -> str:
    """Tables and single numbers raw, then caveats, coverage, settings and method ids."""
    parts = [f"{name}\n{table_text(table)}" for name, table in _tables(result)]
    parts += [f"{name} = {raw_text(value)}" for name, value in result.figures.items()]
    parts += [note.render(language) for note in result.notes]
    parts.append(coverage_line(result.coverage, language))
    parts += [f"{name} = {raw_text(value)}" for name, value in result.settings.items()]
    return "\n".join([*parts, ", ".join(result.methods)])


def coverage_line(coverage: Coverage, language: str) -> str:
    """What the numbers rest on: rows seen, used, and left out by reason."""
    if not coverage.rows:
        return msg("No rows were read for this question.").render(language)
    line = msg(
        "Based on {used:count} of {rows:count} rows.", used=coverage.used, rows=coverage.rows
    ).render(language)
    dropped = [
        msg("{rows:count} {reason}", reason=reason(why, language), rows=rows).render(language)
        for why, rows in coverage.dropped.items()
        if rows
    ]
    if not dropped:
        return line
    comma = msg(", ").render(language)
    left_out = msg("Left out: {reasons}.", reasons=comma.join(dropped)).render(language)
    return f"{line}{'' if language == 'zh' else ' '}{left_out}"


def _facts(finding: Finding, language: str) -> list[tuple[str, str, str]]:
    """Term, value and explanation of each line of the card's second half."""
    level = CONFIDENCE_WORDS.get(finding.confidence or "")
    rows = (
        (msg("Next step"), finding.action, None),
        (msg("At stake"), _money(finding), finding.money_basis),
        (msg("Owner"), finding.owner if finding.action else None, None),
        (msg("Confidence"), level, _share_reliable(finding.result.coverage)),
    )
    return [
        (
            term.render(language),
            capital(value.render(language)),
            detail.render(language) if detail else "",
        )
        for term, value, detail in rows
        if value is not None
    ]


def money_words(money: float, period: str | None) -> Message:
    """A sum at stake with how often it is: every year, or once."""
    if period == "once":
        return msg("{money:money}, once", money=money)
    return msg("{money:money} a year", money=money)


def _money(finding: Finding) -> Message | None:
    """The sum, or that there is none and why; nothing where the finding does not speak of it."""
    if finding.money_at_stake is not None:
        return money_words(finding.money_at_stake, finding.money_period)
    return None if finding.money_basis is None else msg("not derived")


def _share_reliable(coverage: Coverage) -> Message:
    share = coverage.reliable_share if coverage.rows else None
    return msg("{share:percent} of the rows read can be relied on", share=share)


def _tables(result: Result) -> list[tuple[str, Any]]:
    tables = [(result.question, result.table), *result.tables.items()]
    return [(name, table) for name, table in tables if len(table.columns) and len(table)]


def _summary(finding: Finding, language: str) -> dict[str, Any]:
    """What the head of the report page says of this finding."""
    return {
        "question": finding.result.question,
        "verdict": str(finding.result.verdict),
        "statement": finding.statement.render(language),
    }


def _notebook_card(finding: Finding, language: str) -> str:
    """The card with a style of its own; a report page strips it and has its own style sheet."""
    from privdom_kit.report import theme

    style = environment().get_template("notebook.css.j2").render(theme=theme)
    return f"<style>{style}</style>\n{card_html(finding, language)}"


def _alt(finding: Finding, ax: Axes, language: str) -> str:
    title = chart_title(ax)
    stop = {"zh": "。", "en": ". "}[language]
    statement = finding.statement.render(language)
    return f"{title.rstrip('.。 ')}{stop}{statement}" if title else statement


def _close(ax: Axes) -> None:
    # Figures of new_axes are unknown to pyplot; a consultant's own may not be.
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(ax.get_figure(root=True))
