# make report   a diagnosis of the bundled brand, from a bare checkout
# make test     the whole test suite, from a bare checkout
PYTHON ?=
JOBS ?= 2
RUN := .venv/bin/python -m
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout 120 \
	--nbval-sanitize-with tests/nbval_sanitize.cfg
export PYTHON

.PHONY: report setup test lint format bench lock notebooks catalogue

report: setup
	@.venv/bin/privdom run sample_data/camel_milk/client.yml

setup:
	@.ci/bootstrap

test: setup
	@.ci/system_parts
	$(RUN) pytest -n $(JOBS) --dist loadfile
	$(RUN) pytest $(NBVAL) playbooks

lint: setup
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

format: setup
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: setup
	$(RUN) benchmarks

# exact versions with hashes for Linux, macOS and Windows, Python 3.11 to 3.13; needs uv
lock:
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-find-links --no-header -q \
		-c .ci/constraints.txt -o requirements.lock

# the stored outputs of the playbooks, which nbval compares
notebooks: setup
	$(RUN) nbconvert --to notebook --execute --inplace --log-level WARN \
		--ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=600 \
		playbooks/*.ipynb

# the Chinese catalogue of everything that is shown
catalogue: setup
	$(RUN) privdom_kit.report.catalogue update
