"""forms.yml: read into frozen values, or refused with file, line, key and what is accepted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from client_files import client_config, orders

from privdom_kit.errors import ConfigError
from privdom_kit.forms import Forms, read_forms

GOOD = """\
systems:
  有赞:
    owner: 电商部
    exports: [orders, order_items]
    ids: [phone, buyer_id]
    refresh_days: 1
    official: true
    licensed: true
  群控助手:
    official: false
    contacts: 1200
consent:
  channels:
    sms: {people: 900, with_consent: 700, left_out: true, checked_on: 2026-05-01}
  platform_limits_kept: true
joining_up:
  coverage: {in_place: true, evidence: 报表截图}
"""


def forms_of(tmp_path: Path, text: str) -> Forms:
    (tmp_path / "forms.yml").write_text(text, encoding="utf-8")
    return read_forms(client_config(tmp_path, {"orders": orders()}, forms="forms.yml"))


def test_what_is_stated_is_read_and_the_rest_is_none(tmp_path: Path) -> None:
    forms = forms_of(tmp_path, GOOD)
    shop, plug_in = forms.systems["有赞"], forms.systems["群控助手"]
    assert (shop.exports, shop.ids) == (("orders", "order_items"), ("phone", "buyer_id"))
    assert (plug_in.official, plug_in.licensed, plug_in.contacts) == (False, None, 1200)
    sms = forms.consent.channels["sms"]
    assert (sms.people, sms.with_consent, sms.checked_on) == (900, 700, dt.date(2026, 5, 1))
    assert list(forms.joining_up) == ["coverage"]


def test_without_a_file_nothing_is_stated(tmp_path: Path) -> None:
    forms = read_forms(client_config(tmp_path, {"orders": orders()}))
    assert forms == Forms()
    assert forms.consent.platform_limits_kept is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "system: []\n",
            f"line 1: system is not a known key. Expected one of {', '.join(Forms.model_fields)}. "
            "Did you mean systems?",
        ),
        (
            "systems:\n  A:\n    oficial: true\n",
            "line 3: systems.A.oficial (value true) is not a known key. Expected one of owner, "
            "exports, ids, refresh_days, official, licensed, contacts. Did you mean "
            "official?",
        ),
        (
            "systems:\n  A:\n    licensed: maybe\n",
            "line 3: systems.A.licensed is maybe. Expected true or false. Correct the value.",
        ),
        (
            "consent:\n  channels:\n    sms: {people: 10, with_consent: 11}\n",
            "line 3: consent.channels.sms.with_consent is 11. Expected at most the 10 people of "
            "the channel. Correct one of the two numbers.",
        ),
        (
            "systems:\n  A: {}\n  A: {}\n",
            "line 3: systems.A stands twice (first in line 2). Expected every key once. Remove one "
            "of the two.",
        ),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        forms_of(tmp_path, text)
    assert str(caught.value) == f"{tmp_path / 'forms.yml'}, {message}"


@pytest.mark.parametrize(
    "text",
    [
        "systems:\n  A:\n    ids: [telephone]\n",
        "systems:\n  A:\n    exports: [order]\n",
        "consent:\n  channels:\n    fax: {people: 1}\n",
        "joining_up:\n  tags: {in_place: true}\n",
        "systems: A\n",
        "systems:\n  - A\n",
        "consent:\n  channels: [sms]\n",
        "joining_up:\n  coverage: yes\n",
        "consent:\n  channels:\n    sms: {people: -1}\n",
        "",
        "- a\n",
        "systems:\n  A:\n    ids: phone\n",
    ],
)
def test_other_mistakes_are_named_by_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"forms\.yml"):
        forms_of(tmp_path, text)
