"""Every text that a reader may see, with where it comes from: what the catalogue must hold."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from privdom_kit.labels import ENDINGS, LABELS

# A template that is one placeholder ("{value:money}") has nothing to translate.
_NO_WORDS = re.compile(r"\{[^{}]*\}")
_CALLS = frozenset({"msg", "text", "Message"})
# Keys of knowledge files whose English has no Chinese beside it.
_KNOWLEDGE_KEYS = frozenset({"title"})


@dataclass(frozen=True, slots=True)
class Text:
    """A text to translate.

    Attributes:
        template: English; the message id.
        place: The file it stands in, relative to the repository.
        prose: Whether braces in it are plain characters (Markdown), not placeholders.
    """

    template: str
    place: str
    prose: bool = False


def extract(root: Path) -> list[Text]:
    """All texts of the repository at ``root``, in a stable order, repeats included."""
    package = root / "privdom_kit"
    texts = [
        Text(words, "privdom_kit/labels.py") for words in (*LABELS.values(), *ENDINGS.values())
    ]
    for file in sorted(package.rglob("*.py")):
        texts += [Text(t, _place(file, root)) for t in python_texts(file.read_text("utf-8"))]
    for file in sorted(package.rglob("templates/page/*.j2")):
        texts += [Text(t, _place(file, root)) for t in template_texts(file.read_text("utf-8"))]
    for file in sorted((root / "playbooks").glob("*.ipynb")):
        texts += [Text(t, _place(file, root), True) for t in notebook_texts(file)]
    for file in sorted((package / "knowledge").rglob("*.yml")):
        texts += [Text(t, _place(file, root)) for t in knowledge_texts(file)]
    return texts


def python_texts(source: str) -> Iterator[str]:
    """Texts given to ``msg``, ``text`` and ``Message``: literals, also both sides of a choice."""
    for call in _calls(source, _CALLS):
        for node in _sides(call.args[0]):
            words = node.value if isinstance(node, ast.Constant) else ""
            if isinstance(words, str) and words and not _NO_WORDS.fullmatch(words):
                yield words


def unreadable_calls(source: str) -> Iterator[int]:
    """Lines where ``msg`` or ``text`` is given something that extraction cannot read."""
    for call in _calls(source, _CALLS - {"Message"}):
        if not all(isinstance(node, ast.Constant) for node in _sides(call.args[0])):
            yield call.lineno


def _calls(source: str, names: frozenset[str]) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        if named and node.func.id in names and node.args:  # type: ignore[attr-defined]
            yield node  # type: ignore[misc]


def _sides(node: ast.expr) -> list[ast.expr]:
    """The expressions that a conditional may give; the expression itself where it is none."""
    if isinstance(node, ast.IfExp):
        return [*_sides(node.body), *_sides(node.orelse)]
    return [node]


def template_texts(source: str) -> Iterator[str]:
    """Arguments of ``say`` in a page template."""
    from jinja2 import nodes

    from privdom_kit.report.pages import environment

    for call in environment().parse(source).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "say":
            yield call.args[0].value  # type: ignore[attr-defined]


def notebook_texts(file: Path) -> Iterator[str]:
    """Markdown cells, whole."""
    for cell in json.loads(file.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "markdown" and (source := "".join(cell["source"]).strip()):
            yield source


def knowledge_texts(file: Path) -> Iterator[str]:
    """English titles of knowledge files that have no Chinese beside them."""
    import yaml

    stack = [yaml.safe_load(file.read_text("utf-8"))]
    while stack:
        node = stack.pop(0)
        if isinstance(node, dict):
            stack.extend(node.values())
            if "zh" not in node:
                found = (node.get(key) for key in _KNOWLEDGE_KEYS)
                yield from (title for title in found if isinstance(title, str))
        elif isinstance(node, list):
            stack.extend(node)


def _place(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()
