"""The Chinese catalogue: ``python -m privdom_kit.report.catalogue update|check|names DIR``.

``update`` adds what the code says now and keeps every translation; ``check`` lists what is wrong;
``names DIR`` lists names in result files (a run's ``results`` folder) that have no label.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import string
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from privdom_kit.labels import has_label, in_question
from privdom_kit.report.extract import Text, extract, unreadable_calls

if TYPE_CHECKING:
    from babel.messages import Catalog

ROOT = Path(__file__).parents[2]
PO = Path(__file__).parent / "locales" / "zh" / "privdom_kit.po"
# Latin words that Chinese readers of the trade use as they are.
ENGLISH_KEPT = frozenset(
    {
        "Gini",
        "Holm",
        "Kappa",
        "Newcombe",
        "Wilson",
        "Kaplan",
        "Meier",
        "DuckDB",
        "Spark",
        "UnionID",
        "privdom",
    }
    | {"AIPL", "AARRR", "DEEPLINK"}  # models that the trade knows by these letters
)
# Code spans, addresses, file names, names of the code (removed_at, layering.cycle_days), options.
_CODE = re.compile(
    r"`[^`]*`|https?://\S+|[\w.]+\.(?:yml|json|csv|xlsx|html|ipynb)|<[^>]+>"
    r"|[a-z]+(?:[._][a-z]+)+|--[a-z-]+",
    re.ASCII,
)
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_WORD = re.compile(r"[A-Za-z]{4,}")
_HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!]|[,;:?!][\u4e00-\u9fff]")
# The dates in the file's head say nothing that the history does not; fixed, they make no conflict.
_DATE = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def update(root: Path = ROOT, po: Path = PO) -> Catalog:
    """Write the catalogue anew from the code, keeping translations; obsolete ones stay as notes."""
    from babel.messages.pofile import write_po

    catalogue, template = read(po), _template(extract(root))
    # babel neither revives an obsolete text that is back nor keeps the others for long.
    retired = dict(catalogue.obsolete)
    for message in retired.values():
        if message.id in template:
            catalogue[message.id] = message
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete |= {key: old for key, old in retired.items() if old.id not in template}
    catalogue.fuzzy = False
    catalogue.header_comment = "# Chinese texts of privdom. See privdom_kit/report/catalogue.py."
    catalogue.creation_date = catalogue.revision_date = _DATE
    buffer = io.BytesIO()
    write_po(buffer, catalogue, width=100, include_lineno=False)
    po.parent.mkdir(parents=True, exist_ok=True)
    po.write_bytes(buffer.getvalue())
    return catalogue


def read(po: Path = PO) -> Catalog:
    """The catalogue as it stands; an empty one where there is no file."""
    from babel.messages import Catalog
    from babel.messages.pofile import read_po

    if not po.exists():
        return Catalog(locale="zh", charset="utf-8", fuzzy=False)
    with po.open("rb") as file:
        return read_po(file, locale="zh")


def check(root: Path = ROOT, po: Path = PO) -> list[str]:
    """What is wrong with the catalogue, a sentence each; empty where all is well."""
    catalogue = read(po)
    problems = [problem for text in _unique(extract(root)) for problem in _judge(text, catalogue)]
    for file in sorted((root / "privdom_kit").rglob("*.py")):
        if file.name == "messages.py":
            continue
        problems += [
            f"{file.relative_to(root)}:{line}: the text given to msg or text is not a literal"
            for line in unreadable_calls(file.read_text("utf-8"))
        ]
    return problems


def compare(template: str, translation: str, *, prose: bool = False) -> list[str]:
    """What is wrong with one translation: placeholders, English left, punctuation, headings."""
    problems = []
    if not prose and placeholders(template) != placeholders(translation):
        problems.append("its placeholders differ from the original's")
    bare = _CODE.sub(" ", translation if prose else _PLACEHOLDER.sub("", translation))
    if english := [word for word in _WORD.findall(bare) if word not in ENGLISH_KEPT]:
        problems.append(f"English is left: {', '.join(english)}")
    if half := _HALF_WIDTH.search(bare):
        problems.append(f"half-width punctuation beside Chinese: {half[0]}")
    if prose and _outline(template) != _outline(translation):
        problems.append("its headings differ from the original's")
    return problems


def placeholders(template: str) -> Counter[tuple[str, str]]:
    """Names and formats of the placeholders of a template, with how often each stands in it."""
    parsed = string.Formatter().parse(template)
    return Counter((name, spec or "") for _, name, spec, _ in parsed if name is not None)


def unlabelled(folder: Path) -> list[str]:
    """Names in result files that a reader would see as code: columns, figures, reasons."""
    names: set[str] = set()
    for file in folder.rglob("*.json"):
        result = json.loads(file.read_text("utf-8"))
        question, tables = result["question"], [result["table"], *result.get("tables", {}).values()]
        shown = {column for table in tables for row in table for column in row}
        shown |= {question, *result.get("figures", {}), *result.get("tables", {})}
        names |= {name for name in shown if not has_label(in_question(question, name))}
        # reasons are shown as they are, whatever the question
        names |= {reason for reason in result["coverage"]["dropped"] if not has_label(reason)}
    return sorted(names)


def _judge(text: Text, catalogue: Catalog) -> list[str]:
    message = catalogue.get(text.template)
    if message is None or not message.string:
        return [f"{text.place}: no translation of {text.template!r}"]
    found = compare(text.template, str(message.string), prose=text.prose)
    if message.fuzzy:
        found.append("it is marked fuzzy")
    return [f"{text.place}: the translation of {text.template!r}: {problem}" for problem in found]


def _unique(texts: list[Text]) -> list[Text]:
    return list({text.template: text for text in reversed(texts)}.values())[::-1]


def _outline(markdown: str) -> list[str]:
    return [line.split(" ")[0] for line in markdown.splitlines() if re.match(r"#{1,6} ", line)]


def _template(texts: list[Text]) -> Catalog:
    from babel.messages import Catalog

    template = Catalog(charset="utf-8", creation_date=_DATE, fuzzy=False)
    for text in texts:
        template.add(text.template, locations=[(text.place, 0)])
    return template


def main(arguments: list[str]) -> int:
    """Run one command; the exit status is 1 where something is wrong."""
    match arguments:
        case ["update"]:
            missing = [m.id for m in update() if m.id and not m.string]
            sys.stdout.write(f"{PO.name}: {len(missing)} texts without a translation\n")
            return 0
        case ["check"]:
            problems = check()
        case ["names", folder]:
            problems = unlabelled(Path(folder))
        case _:
            problems = [(__doc__ or "").splitlines()[0]]
    sys.stdout.write("\n".join([*problems, ""]) if problems else "in order\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
