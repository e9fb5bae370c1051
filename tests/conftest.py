"""What holds for the whole suite."""

import os
import shutil
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import settings

SAMPLES = Path(__file__).parents[1] / "sample_data"

# A busy machine is no fault of the code; CI tries the same examples every time, so that a red run
# is one that anybody can repeat.
settings.register_profile("suite", deadline=None, print_blob=True)
settings.register_profile("ci", parent=settings.get_profile("suite"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "suite")


@pytest.fixture(scope="session")
def sample(tmp_path_factory):
    """``sample(brand)``: a sample brand opened once, from a copy, so that nothing is written here.

    Gives ``client, base, copy_base, settings, facts`` (of facts.yml) and ``ask(topic, question)``,
    the result of a question, measured once.
    """
    from privdom_kit import copy_tests
    from privdom_kit.base import read_base
    from privdom_kit.client import open_client
    from privdom_kit.config import read_config
    from privdom_kit.copy_tests import read_copy_base

    opened = []

    @cache
    def open_sample(brand):
        copy = tmp_path_factory.mktemp("sample") / brand
        shutil.copytree(SAMPLES / brand, copy, ignore=shutil.ignore_patterns(".privdom"))
        client = open_client(read_config(copy))
        opened.append(client)
        base = read_base(client)
        copy_base = read_copy_base(client)
        facts = yaml.safe_load((copy / "facts.yml").read_text(encoding="utf-8"))["facts"]

        @cache
        def ask(topic, question):
            asked = copy_base if topic is copy_tests else base
            return getattr(topic, f"measure_{question}")(asked, client.settings)

        return SimpleNamespace(
            client=client,
            base=base,
            copy_base=copy_base,
            settings=client.settings,
            facts=facts,
            ask=ask,
        )

    yield open_sample
    for client in opened:
        client.close()
