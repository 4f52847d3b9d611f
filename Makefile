.PHONY: run test check proto bench docs clean

PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
PROTO_READY := .venv-proto/.ready
WORKERS ?= 4

run: $(READY)  ## Show real events of this machine on their way to a mock Toggle.
	$(BIN)/toggle-mock demo --once

test: $(READY)  ## Run all tests.
	$(BIN)/pytest -n $(WORKERS)

check: $(READY) $(PROTO_READY)  ## Format, lint, types, drift of generated code, tests.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	.venv-proto/bin/python tools/generate.py --check
	$(MAKE) test

proto: $(PROTO_READY)  ## Generate code from proto/.
	.venv-proto/bin/python tools/generate.py

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

$(PROTO_READY): proto/requirements.txt
	$(PYTHON) -m venv .venv-proto
	.venv-proto/bin/pip install --quiet --requirement proto/requirements.txt
	touch $@

clean:
	rm -rf .venv .venv-proto .mypy_cache .ruff_cache .hypothesis *.egg-info
