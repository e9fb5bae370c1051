"""Every threshold says what it is, where it comes from and what it may be."""

import re

import pytest
from pydantic import ValidationError

from privdom_kit.settings import Frozen, LayeringSettings, Settings, describe_settings

LISTED = describe_settings()


def test_topics_are_those_of_the_contract():
    # The six topic folders of design.md, and the parts of a run that have thresholds.
    assert {"layering", "touchpoints", "journeys", "copy_tests", "links", "growth"} < set(
        Settings.model_fields
    )


def test_the_list_holds_every_field():
    # Counted from the models themselves, without the function under test.
    fields = [f"{topic}.{key}" for topic, model in Settings() for key in type(model).model_fields]
    assert [info.name for info in LISTED] == fields
    assert len(fields) > 0


@pytest.mark.parametrize("info", LISTED, ids=lambda info: info.name)
def test_no_threshold_lacks_unit_meaning_source_or_date(info):
    assert info.unit
    assert info.meaning
    assert info.source
    assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", info.date)


@pytest.mark.parametrize("info", LISTED, ids=lambda info: info.name)
def test_every_default_lies_in_its_own_range(info):
    topic, key = info.name.split(".")
    model = type(getattr(Settings(), topic))
    assert getattr(model(**{key: info.default}), key) == info.default


def test_contract_defaults():
    # contract.md: section 2 shows active_days 30, section 7 gives min_cell 10.
    assert Settings().layering.active_days == 30
    assert Settings().privacy.min_cell == 10


def test_settings_cannot_change():
    with pytest.raises(ValidationError):
        Settings().layering.active_days = 3


@pytest.mark.parametrize("value", ["30", 30.0, True, 0, None])
def test_a_value_of_another_type_or_out_of_range_is_refused(value):
    with pytest.raises(ValidationError):
        LayeringSettings(active_days=value)


def test_every_topic_is_frozen_and_closed():
    for _, model in Settings():
        assert isinstance(model, Frozen)
        assert model.model_config["extra"] == "forbid"
