"""Questions in the reader's words, for lists that name questions not answered yet."""

from __future__ import annotations

from privdom_kit.labels import capital, heading
from privdom_kit.messages import msg

_WORDS = {
    "catalogue": msg("catalogue of touchpoints"),
    "roles": msg("what each touchpoint is for"),
    "vanity": msg("numbers that look good and decide nothing"),
    "churn": msg("contacts lost"),
    "push_pressure": msg("pressure of pushes"),
    "send_churn": msg("contacts lost after a send"),
    "fatigue": msg("fatigue from repeated sends"),
    "content_mix": msg("mix of contents"),
    "group_health": msg("health of community groups"),
    "staff_capacity": msg("capacity of staff"),
    "benefits": msg("incentives"),
    "member_system": msg("member system"),
    "combinations": msg("combinations of touchpoints"),
    "copy_rules": msg("rules for copy"),
    "stages": msg("stages of the journey"),
    "funnel": msg("funnel"),
    "transitions": msg("ways from touchpoint to touchpoint"),
    "paths": msg("paths to an order"),
    "attribution": msg("attribution of orders"),
    "absorption": msg("where ways end"),
    "experience": msg("experience by stage"),
    "pain_points": msg("pain points"),
    "service_recovery": msg("buying again after a service case"),
    "why_checklist": msg("checklist of reasons"),
    "copy_lint": msg("copy checked against the rules"),
    "hypotheses": msg("hypotheses"),
    "sample_size": msg("sample size"),
    "assignment": msg("who gets which text"),
    "budget": msg("budget of the test"),
    "health": msg("whether the test ran as planned"),
    "arms": msg("effect of each text"),
    "crowds": msg("effect by crowd"),
    "crowd_priority": msg("which crowd first"),
    "cost_per_friend": msg("cost per friend"),
    "guardrails": msg("opt-outs and complaints"),
    "decision": msg("decision"),
    "sequence": msg("planned looks and peeking"),
    "link_map": msg("map of links"),
    "channels": msg("acquisition channels"),
    "entry_codes": msg("entry codes"),
    "bottlenecks": msg("bottlenecks"),
    "step_removal": msg("steps to remove"),
    "scenarios": msg("scenarios"),
    "plan": msg("plan of links"),
    "pool": msg("growth of the contact pool"),
    "leads": msg("leads"),
    "leakage": msg("leakage"),
    "direction": msg("direction"),
    "stage_gate": msg("gate to the next stage"),
    "north_star": msg("north-star metric"),
    "goal_split": msg("goal split into parts"),
    "quality_adjusted_growth": msg("growth that stays"),
    "fission": msg("referrals"),
    "fake_growth": msg("growth that is not real"),
    "calendar": msg("calendar of campaigns"),
    "sub_scenes": msg("scenes of use"),
    "four_forces": msg("four forces of growth"),
    "readiness": msg("readiness of the team"),
    "roadmap": msg("roadmap"),
    "scorecard": msg("scorecard"),
    "findings": msg("findings"),
    "actions": msg("actions"),
    "coverage": msg("periods covered"),
}


def question_heading(question: str, language: str) -> str:
    """A question as it heads an entry of a list."""
    words = _WORDS.get(question)
    return capital(words.render(language)) if words else heading(question, language)
