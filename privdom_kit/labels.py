"""Names of the code in the reader's words: columns, states, questions, playbooks, verdicts.

The wording follows the glossary of the README. A label is lower case, so that it can stand inside a
sentence; :func:`heading` raises its first letter.
"""

from __future__ import annotations

from privdom_kit.messages import Message, translate
from privdom_kit.words import WORDS

# Names that read well with their underscores as spaces.
_PLAIN = """
act active all amount base buyers carried category channel city clear clicked clicks cohort column
component concentration consent contacts contribution cost count coverage crowd current customers
cycle date days deliveries dropped dormant entry_code expected field file first followers group
gross_margin high identities identity kept lapsed layer line links low margin median medium members
messages month never next_order note orders other owner people period phone platform points previous
problem purchase_days purpose question quantity reach reason refund_amount rejected_rows removals
repeat replies retained retention revenue rows rule score segment setting settings share since sku
source staff stage state states status stores systems table tables target threshold tier time total
touches touchpoint touchpoints unit unknown use used value verdict visits watch week year
"""

LABELS: dict[str, str] = {name: name.replace("_", " ") for name in _PLAIN.split()} | WORDS

# Endings that add a meaning to another name; the label of the name stands in braces.
ENDINGS: dict[str, str] = {
    "_ci_lower": "{name}, lower bound",
    "_ci_upper": "{name}, upper bound",
    "_share": "share: {name}",
    "_rate": "rate: {name}",
    "_before": "{name}, previous period",
    "_days": "days: {name}",
}


def label(name: str) -> Message:
    """The words for a name of the code.

    A name that is in neither table is shown with its underscores as spaces, in English: see
    :func:`has_label`.
    """
    if name in LABELS:
        return Message(LABELS[name])
    if _is_set(name):
        parts = {f"part_{i}": label(part) for i, part in enumerate(name.split("+"))}
        return Message(" + ".join(f"{{{key}}}" for key in parts), parts)
    for ending, template in ENDINGS.items():
        stem = name.removesuffix(ending)
        if stem != name and has_label(stem):
            return Message(template, {"name": label(stem)})
    return Message("{name}", {"name": name.replace("_", " ")})


def has_label(name: str) -> bool:
    """Whether the words for a name were chosen rather than guessed."""
    stems = (name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending))
    return name in LABELS or _is_set(name) or any(has_label(stem) for stem in stems)


def _is_set(name: str) -> bool:
    """Whether a name is several labelled names joined by a plus: a set of touchpoints."""
    parts = name.split("+")
    return len(parts) > 1 and all(part in LABELS for part in parts)


def in_question(question: str, name: str) -> str:
    """The name under which a column, figure or table of a question has its label.

    The same word may stand for two things: ``groups`` are community groups, but in ``churn`` what
    is compared. Such a name has a label of its own as ``question.name``; its bounds follow it.
    """
    stem = name.removesuffix("_ci_lower").removesuffix("_ci_upper")
    return f"{question}.{name}" if f"{question}.{stem}" in LABELS else name


def heading(name: str, language: str | None = None) -> str:
    """The label as it heads a column or a card: first letter raised."""
    return capital(label(name).render(language))


def capital(words: str) -> str:
    """The words with their first letter raised."""
    return words[:1].upper() + words[1:]


def reason(text: str, language: str) -> str:
    """Why rows were left out: a label, or a sentence of the catalogue."""
    return label(text).render(language) if has_label(text) else translate(text, language)
