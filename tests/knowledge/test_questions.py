"""Playbooks, questions and titles: the fixed names of the public interface."""

from __future__ import annotations

from privdom_kit.knowledge import PLAYBOOKS, TITLES
from privdom_kit.labels import label
from privdom_kit.messages import translate


def test_playbooks_and_number_of_questions_as_the_interface_lists_them() -> None:
    counts = {playbook: len(questions) for playbook, questions in PLAYBOOKS.items()}
    assert counts == {
        "00_intake": 5,
        "01_user_layering": 14,
        "02_touchpoint_audit": 14,
        "03_journey_mapping": 10,
        "04_copy_test_plan": 5,
        "05_copy_test_readout": 9,
        "06_link_reconstruction": 11,
        "07_growth_plan": 12,
        "08_summary": 3,
    }


def test_no_question_twice_in_a_playbook() -> None:
    assert all(len(set(names)) == len(names) for names in PLAYBOOKS.values())


def test_titles_are_those_of_the_reports() -> None:
    """A playbook has one name, on the terminal and in the report."""
    for playbook, titles in TITLES.items():
        template = label(playbook).template
        shown = {"en": template, "zh": translate(template, "zh")}
        assert {k: v.casefold() for k, v in titles.items()} == {
            k: v.casefold() for k, v in shown.items()
        }
    assert list(TITLES) == list(PLAYBOOKS)
