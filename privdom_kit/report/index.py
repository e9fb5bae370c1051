"""The first page of a run: what matters most, what was not measured, where the reports are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from privdom_kit.formats import MISSING
from privdom_kit.labels import heading, in_question
from privdom_kit.messages import msg, translate
from privdom_kit.report.pages import fill_page
from privdom_kit.report.rendering import Entry
from privdom_kit.report.show import CONFIDENCE_WORDS, anchor, money_words
from privdom_kit.report.theme import VERDICT_SIGNS

# The order of findings that carry no money, and of the tally.
VERDICT_ORDER = ("act", "watch", "not_enough_data", "not_measured", "clear")
_OPEN = ("not_enough_data", "not_measured")
_INTAKE = "00_intake"


def render_index(
    folder: Path,
    *,
    language: str,
    brand: str,
    as_of: str,
    run: Mapping[str, Any],
    findings: Sequence[Mapping[str, Any]],
) -> None:
    """Write ``index.html`` of a run.

    Args:
        folder: The run's folder; a report is linked where its page exists in it.
        language: zh or en.
        brand: Name of the client's brand, as shown.
        as_of: Last day of the data, ISO.
        run: Content of ``run.json``: ``version``, and under ``playbooks`` by name ``status``,
            ``seconds`` and ``reason``.
        findings: Content of ``findings.json``.
    """
    measured, gaps, caveats = sort_out(findings)
    limits = [_gap(finding, folder, language) for finding in caveats]
    limits += [{"verdict": "", "reason": caveat} for caveat in run.get("caveats", [])]
    page = fill_page(
        "index.html.j2",
        language,
        title=msg("Private domain diagnosis").render(language),
        brand=brand,
        as_of=str(as_of),
        home="",
        contents=_contents(language, bool(limits)),
        tally=_tally(findings, language),
        ranked=[_ranked(finding, folder, language) for finding in rank(measured)],
        gaps=[_gap(finding, folder, language) for finding in gaps] + _unrun(run, language),
        caveats=limits,
        reports=_reports(run, folder, language),
        version=run.get("version", ""),
    )
    (folder / "index.html").write_text(page, encoding="utf-8", newline="\n")


def rank(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Findings by money at stake, most first; those without a sum after, by verdict."""

    def key(finding: Mapping[str, Any]) -> tuple[bool, float, int]:
        money = finding["money_at_stake"]
        return money is None, -(money or 0.0), VERDICT_ORDER.index(finding["verdict"])

    return sorted(findings, key=key)


def sort_out(
    findings: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Findings to rank, questions left open, and what the intake found wanting in the data."""
    measured, gaps, caveats = [], [], []
    for finding in findings:
        intake = finding["playbook"] == _INTAKE and finding["money_at_stake"] is None
        if finding["verdict"] in _OPEN:
            gaps.append(finding)
        elif intake and finding["verdict"] != "clear":
            caveats.append(finding)
        else:
            measured.append(finding)
    return measured, gaps, caveats


def _ranked(finding: Mapping[str, Any], folder: Path, language: str) -> dict[str, Any]:
    return _head(finding, folder, language) | {
        "statement": finding["statement"],
        "confidence": _confidence(finding, language),
        "facts": _facts(finding, language),
    }


def _gap(finding: Mapping[str, Any], folder: Path, language: str) -> dict[str, Any]:
    reasons = [finding["statement"], *finding["evidence"]]
    joined = ("" if language == "zh" else " ").join(reasons)
    return _head(finding, folder, language) | {"reason": joined}


def _head(finding: Mapping[str, Any], folder: Path, language: str) -> dict[str, Any]:
    """Badge, source and link of a finding."""
    verdict, playbook, question = (finding[key] for key in ("verdict", "playbook", "question"))
    page = f"{playbook}.html"
    named = in_question(question, question)
    return {
        "verdict": verdict,
        "verdict_label": heading(verdict, language),
        "sign": VERDICT_SIGNS[verdict],
        "source": f"{heading(playbook, language)} · {heading(named, language)}",
        "href": f"{page}#{anchor(question)}" if (folder / page).is_file() else "",
    }


def _facts(finding: Mapping[str, Any], language: str) -> list[tuple[str, str, str]]:
    money = finding["money_at_stake"]
    facts = []
    if money is not None:
        words = money_words(money, finding.get("money_period")).render(language)
        facts.append((msg("At stake"), words, finding["money_basis"] or ""))
    if finding["action"]:
        facts.append((msg("Next step"), finding["action"], ""))
    if finding["owner"]:
        facts.append((msg("Owner"), finding["owner"], ""))
    return [(term.render(language), value, detail) for term, value, detail in facts]


def _confidence(finding: Mapping[str, Any], language: str) -> str:
    if not finding["confidence"]:
        return ""
    level = CONFIDENCE_WORDS[finding["confidence"]]
    return msg("confidence {level}", level=level).render(language)


def _unrun(run: Mapping[str, Any], language: str) -> list[dict[str, Any]]:
    """Playbooks that gave no report, as gaps."""
    return [
        {
            "verdict": "not_measured",
            "verdict_label": heading(entry["status"], language),
            "sign": VERDICT_SIGNS["not_measured"],
            "source": heading(name, language),
            "href": "",
            "reason": entry.get("reason") or msg("No reason was recorded.").render(language),
        }
        for name, entry in run.get("playbooks", {}).items()
        if entry["status"] in ("failed", "skipped")
    ]


def _tally(findings: Sequence[Mapping[str, Any]], language: str) -> list[dict[str, Any]]:
    counts = {
        verdict: sum(finding["verdict"] == verdict for finding in findings)
        for verdict in VERDICT_ORDER
    }
    return [
        {
            "verdict": verdict,
            "count": count,
            "sign": VERDICT_SIGNS[verdict],
            "label": heading(verdict, language),
        }
        for verdict, count in counts.items()
        if count
    ]


def _reports(run: Mapping[str, Any], folder: Path, language: str) -> list[dict[str, str]]:
    return [
        {
            "title": heading(name, language),
            "href": f"{name}.html" if (folder / f"{name}.html").is_file() else "",
            "status": heading(entry["status"], language),
            "seconds": _seconds(entry.get("seconds"), language),
            "reason": entry.get("reason") or "",
        }
        for name, entry in run.get("playbooks", {}).items()
    ]


def _seconds(seconds: float | None, language: str) -> str:
    return MISSING if seconds is None else msg("{value:number}", value=seconds).render(language)


def _contents(language: str, caveats: bool) -> list[Entry]:
    entries = [
        (translate("Findings, by what is at stake", language), "findings"),
        (translate("What was not measured, and why", language), "not-measured"),
        (translate("Limits of the data", language), "caveats"),
        (translate("Reports", language), "reports"),
    ]
    return [Entry(2, text, name) for text, name in entries if caveats or name != "caveats"]
