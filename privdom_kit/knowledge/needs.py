"""What each question needs of a client's data: the tables and columns without which it is silent.

A need is a set of alternatives; one is enough. ``forms`` stands for the consultant's forms.yml,
``results`` for the results of the other playbooks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from privdom_kit.knowledge.questions import PLAYBOOKS

# Alternatives are separated by |, what is needed together by blanks; nothing at all by "".
_PEOPLE = "orders | contacts | followers | members | touches | deliveries | leads | tickets"
_WAYS = "orders touches | orders contacts | orders followers | orders members | orders deliveries"
_WAYS += " | orders leads"
_NEEDS = {
    "00_intake": {
        "tables": "",
        "identity": _PEOPLE,
        "coverage": "",
        "consent": "",
        "systems": "",
    },
    "01_user_layering": {
        "states": "orders | touches",
        "purchase_layers": "orders",
        "channel_layers": "contacts.add_way | contacts.entry_code",
        "life_stages": "members.child_birth_month members.guardian_consent",
        "rfm": "orders",
        "relationship_tiers": "orders touches | orders contacts | orders referrals",
        "retention": "orders",
        "next_order": "orders",
        "customer_value": "orders",
        "revenue_split": "orders.on_promotion",
        "contribution": "orders | touches",
        "concentration": "orders",
        "layer_moves": "orders | touches",
        "audiences": "orders | touches",
    },
    "02_touchpoint_audit": {
        "catalogue": "touchpoint_days | posts | touches | deliveries | groups | orders.touchpoint "
        "| contacts | forms",
        "roles": "touchpoint_days | orders.touchpoint | touches | forms",
        "vanity": "contacts | followers | members | groups | touchpoint_days | forms",
        "churn": "contacts.removed_at | followers.unsubscribed_at",
        "push_pressure": "contacts.removed_at touches.has_purchase_link | touches | deliveries",
        "send_churn": "contacts.removed_at touches | contacts.removed_at deliveries "
        "| deliveries.friend_removed_at deliveries.arm deliveries.test_id "
        "| followers.unsubscribed_at touches",
        "fatigue": "deliveries.clicked_at | touches",
        "content_mix": "posts | touches.purpose",
        "group_health": "groups.members groups.active_members",
        "staff_capacity": "contacts | touches.direction | touchpoint_days",
        "benefits": "orders.coupon_code | forms",
        "member_system": "members | forms",
        "combinations": "orders touches | orders contacts | orders followers",
        "copy_rules": "posts.text | forms",
    },
    "03_journey_mapping": {
        "stages": "orders | contacts | followers | members | touches | deliveries | leads",
        "funnel": "orders contacts | orders followers | orders touches",
        "transitions": "touches | orders contacts | orders followers | deliveries",
        "paths": _WAYS,
        "attribution": _WAYS,
        "absorption": _WAYS,
        "experience": "responses.score | forms",
        "pain_points": "responses.pain_point | tickets.theme | forms",
        "service_recovery": "tickets.resolved_at orders",
        "why_checklist": "forms",
    },
    "04_copy_test_plan": {
        "copy_lint": "forms",
        "hypotheses": "forms",
        "sample_size": "forms",
        "assignment": "forms orders | forms contacts | forms members | forms followers",
        "budget": "forms",
    },
    "05_copy_test_readout": {
        "health": "deliveries.arm",
        "funnel": "deliveries.arm",
        "arms": "deliveries.arm",
        "crowds": "deliveries.crowd deliveries.arm",
        "crowd_priority": "deliveries.crowd deliveries.cost",
        "cost_per_friend": "deliveries.cost deliveries.friend_added_at",
        "guardrails": "deliveries.opted_out_at | deliveries.complained_at "
        "| deliveries.friend_removed_at",
        "decision": "deliveries.arm",
        "sequence": "deliveries.arm",
    },
    "06_link_reconstruction": {
        "link_map": "links | link_days | touches",
        "channels": "channel_days | contacts.add_way | contacts.entry_code",
        "entry_codes": "contacts.entry_code | links.entry_code | channel_days.entry_code",
        "bottlenecks": "link_days | touches",
        "step_removal": "link_days links",
        "scenarios": "links | forms",
        "plan": "links | link_days",
        "pool": "contacts.removed_at",
        "leads": "leads",
        "leakage": "contacts.account_kind | contacts orders.platform",
        "combinations": "link_days | forms",
    },
    "07_growth_plan": {
        "direction": "forms | orders",
        "stage_gate": "forms | orders",
        "north_star": "orders contacts | forms",
        "goal_split": "forms",
        "quality_adjusted_growth": "contacts.removed_at",
        "fission": "referrals",
        "fake_growth": "referrals",
        "calendar": "forms | orders",
        "sub_scenes": "forms",
        "four_forces": "forms | orders order_items",
        "readiness": "forms",
        "roadmap": "forms",
    },
    "08_summary": {"scorecard": "results", "findings": "results", "actions": "results"},
}

Alternatives = tuple[tuple[str, ...], ...]


def _parse(text: str) -> Alternatives:
    return tuple(tuple(part.split()) for part in text.split("|"))


#: Alternatives by playbook and question, in the order of :data:`PLAYBOOKS`.
NEEDS: Mapping[str, Mapping[str, Alternatives]] = {
    playbook: {question: _parse(_NEEDS[playbook][question]) for question in questions}
    for playbook, questions in PLAYBOOKS.items()
}


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a question can be answered.

    Attributes:
        runs: Whether one alternative is there as a whole.
        missing: What the nearest alternative lacks: ``table`` or ``table.column``.
    """

    runs: bool
    missing: tuple[str, ...]


def judge_need(need: Alternatives, given: Mapping[str, Collection[str]], forms: bool) -> Readiness:
    """Whether a need is met.

    Args:
        need: Alternatives of a question.
        given: Columns by table; an identity column is none to ask for.
        forms: Whether the client has a forms.yml.
    """
    lacks = [tuple(_lacking(part, given, forms)) for part in need]
    nearest = min(lacks, key=len)
    return Readiness(not nearest, nearest)


def _lacking(part: Iterable[str], given: Mapping[str, Collection[str]], forms: bool) -> list[str]:
    missing = []
    for item in part:
        table, _, column = item.partition(".")
        if table == "results" or (table == "forms" and forms):
            continue
        if table not in given or (column and column not in given[table]):
            missing.append(item)
    return missing
