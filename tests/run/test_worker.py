"""What an executed notebook may show, and how a failure is told in one line."""

import json

from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillExecutionError

from privdom_kit.errors import ConfigError
from privdom_kit.running.scrubbing import scrub_notebook, scrub_text
from privdom_kit.running.worker import reason_of

SECRETS = {"/data/brand/client.yml": "client.yml", "/data/brand": ".", "/data/brand/": ""}


def failure(ename: str, evalue: str) -> PapermillExecutionError:
    return PapermillExecutionError(3, 4, "source", ename, evalue, ["trace", "back"])


def test_longer_paths_are_replaced_first():
    text = "in /data/brand/client.yml, /data/brand/exports/a.csv and /data/brand"
    assert scrub_text(text, SECRETS) == "in client.yml, exports/a.csv and ."


def test_no_secret_changes_nothing():
    assert scrub_text("/data", {}) == "/data"


def test_a_notebook_is_scrubbed_in_sources_outputs_and_metadata(tmp_path):
    path = tmp_path / "a.ipynb"
    cell = {
        "cell_type": "code",
        "source": ["client = '/data/brand/client.yml'"],
        "outputs": [{"text": ["/data/brand/x"], "data": {"text/html": "<b>/data/brand/y</b>"}}],
        "execution_count": 1,
    }
    papermill = {"parameters": {"client": "/data/brand/client.yml"}, "input_path": "/x/y"}
    path.write_text(json.dumps({"cells": [cell], "metadata": {"papermill": papermill}}))
    scrub_notebook(path, SECRETS)
    content = json.loads(path.read_text())
    assert content["cells"][0]["source"] == ["client = 'client.yml'"]
    assert content["cells"][0]["outputs"] == [{"text": ["x"], "data": {"text/html": "<b>y</b>"}}]
    assert content["cells"][0]["execution_count"] == 1
    assert content["metadata"]["papermill"] == {"parameters": {"client": "client.yml"}}


def test_reasons():
    assert reason_of(failure("KeyError", "'day'")) == "Cell 4 raised KeyError: 'day'"
    assert reason_of(failure("DataError", "Found. Expected. Do.")) == "Found. Expected. Do."
    assert reason_of(failure("print_exc", "no error of ours")).startswith("Cell 4 raised print")
    assert reason_of(ConfigError("a", "b", "c")) == "a. b. c."
    assert reason_of(DeadKernelError("x")) == "The kernel died, perhaps for want of memory."
    assert reason_of(TypeError("two\n  lines")) == "TypeError: two lines"
    assert len(reason_of(failure("ValueError", "x" * 10_000))) < 450
