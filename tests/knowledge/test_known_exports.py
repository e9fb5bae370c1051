"""The bundled presets: complete, sourced, and about columns that exist."""

import pytest

from privdom_kit.contracts import TABLES
from privdom_kit.knowledge.known_exports import load_preset, load_presets, preset_names
from privdom_kit.knowledge.loading import KnowledgeError

# The exports that the issue on real exports asks for.
ASKED = {
    "youzan_orders", "youzan_items", "youzan_customers", "taobao_orders", "taobao_items",
    "jd_orders", "douyin_orders", "pinduoduo_orders", "wecom_contacts", "wecom_behavior",
    "wecom_groups", "wecom_mass_send", "service_account_users", "service_account_articles",
    "mini_program_visits", "channels_live", "channels_shop", "aliyun_sms", "tencent_sms",
    "huawei_sms", "ai_calls_aliyun", "ai_calls_sobot", "ai_calls_volcengine", "short_links",
    "linkwechat_customers", "wecom_group_owners", "wecom_acquisition_links",
    "mini_program_retention", "mini_program_sources", "channels_leads",
}  # fmt: skip


def test_every_export_asked_for_has_a_preset():
    assert set(preset_names()) >= ASKED


@pytest.mark.parametrize("preset", load_presets(), ids=lambda p: p.name)
def test_a_preset_says_where_it_is_from_and_fills_its_table(preset):
    """Source, tag and date; both languages throughout; every required column has a rule."""
    assert preset.source["tag"] in ("OFF", "SDK", "IDX", "WEB")
    assert preset.source["text"]
    assert str(preset.source["checked"]).startswith("2026-")
    for text in (preset.title, preset.system, preset.request, *preset.notes, *preset.verify):
        assert set(text) == {"zh", "en"}
        assert all(text.values())
    filled = set(preset.columns) | ({"touchpoint", "metric", "value"} if preset.days else set())
    assert set(TABLES[preset.table].required) <= filled


@pytest.mark.parametrize("preset", load_presets(), ids=lambda p: p.name)
def test_words_of_choices_are_allowed_ones(preset):
    """A status mapped to a word that the table does not know would make every such row bad."""
    for name, cell in preset.columns.items():
        choices = TABLES[preset.table].column(name).choices
        words = set((cell.values or {}).values())
        words |= set(cell.override.values.values()) if cell.override else set()
        assert not choices or words <= set(choices), (preset.name, name)


def test_an_unknown_key_names_the_nearest(tmp_path, monkeypatch):
    (tmp_path / "x.yml").write_text(
        "title: {zh: 甲, en: a}\nsystem: {zh: 甲, en: a}\nrequest: {zh: 甲, en: a}\n"
        "table: orders\nsource: {tag: OFF}\ncolumns: {amout: 金额}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr("privdom_kit.knowledge.known_exports._PRESETS", tmp_path)
    with pytest.raises(KnowledgeError, match=r'x has column "amout".*nearest: amount'):
        load_preset.__wrapped__("x")
