.PHONY: run test test-all test-fast test-repository test-containers image wheels coverage flaky check lint types audit licences release-check check-wheel check-oldest check-newest lock proto revision schemas soak backlog bench bench-check sabotage mutation distribution docs site go-check go-generated go-driver-check go-bench-check recipes-check sown explore generated world clean

# The first of these that runs; a name may be there that does not.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROTO_READY := .venv-proto/.ready
GO = $(shell tools/find_go)
WORKERS ?= 4
# Some tests take long, so whoever has nothing left takes of what others have.
PARALLEL = -n $(WORKERS) --dist worksteal

# For make flaky, and TESTS for make test-all and coverage too; for another Python: make test-all VENV=build/venv-3.12.
PYTHONS ?= 3.11 3.12 3.13
RUNS ?= 20
LONGEST ?= inf
TESTS ?=

# Where it is set, as in many images, each program that a test starts would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

run: $(READY)  ## Show real events of this machine on their way to a mock Toggle.
	$(BIN)/toggle-mock demo --once

test: $(READY) $(PROTO_READY)  ## Run the tests, without those that are slow: three minutes.
	$(BIN)/pytest $(PARALLEL) -m "not slow"

test-all: $(READY) $(PROTO_READY)  ## Run TESTS, or all.
	$(BIN)/pytest $(PARALLEL) $(TESTS)

test-fast: $(READY)  ## Run the tests that open no socket, and the examples.
	$(BIN)/pytest $(PARALLEL) -q tests/unit examples docs

test-repository: $(READY) $(PROTO_READY)  ## Make each change that ARCHITECTURE.md describes in a copy; break each import rule.
	$(BIN)/pytest $(PARALLEL) tests/repository

test-containers: $(READY)  ## Test image and containers; an engine and the image are needed: tools/with_docker make image test-containers.
	TEST_CONTAINERS=yes $(BIN)/pytest -q --timeout 600 tests/containers examples/test_container.py

coverage: $(READY) $(PROTO_READY)  ## Run TESTS, or all; show which lines and branches they miss, in subprocesses too.
	rm -rf build/coverage
	$(BIN)/coverage run -m pytest $(PARALLEL) $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage html --quiet
	$(BIN)/coverage report

flaky: $(READY) $(PROTO_READY) $(PYTHONS:%=build/venv-%/.ready)  ## Run TESTS, or all, RUNS times with each Python, in random order, beside a load.
	$(BIN)/python tools/flaky.py --runs $(RUNS) --longest $(LONGEST) $(PYTHONS:%=--python build/venv-%/bin/python) -- \
		-n $(WORKERS) $(TESTS)

check: lint docs test-all test-repository  ## All that a change must pass, short of the wheel and the oldest versions.

lint: $(READY) $(PROTO_READY) build/checkers/.ready  ## Format, lint, spelling, types, imports, drift of what is generated.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	build/checkers/bin/typos
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo --cache-dir build/import-linter
	.venv-proto/bin/python tools/generate.py --check
	$(BIN)/python tools/schemas.py --check
	PYTHONPATH=tools $(BIN)/python -m bench.pages --check
	$(BIN)/python tools/licences.py --check

types: $(READY) build/checkers/.ready  ## Check with pyright: all that is public has a type, users' code passes.
	for package in rodent_events toggle_mock; do \
		PYTHONPATH=$(CURDIR):$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
			build/checkers/bin/basedpyright --verifytypes $$package --ignoreexternal >build/types.txt \
			|| { cat build/types.txt; exit 1; }; \
	done
	build/checkers/bin/basedpyright --pythonpath $(BIN)/python --project tests/typing

check-wheel:  ## Install the wheel without its extras, and emit.
	rm -rf build/wheel && mkdir -p build/wheel
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/pip wheel --quiet --no-deps --wheel-dir build/wheel .
	build/wheel/venv/bin/pip install --quiet build/wheel/*.whl
	cd build/wheel && venv/bin/python ../../tools/check_wheel.py *.whl

release-check: $(READY) build/release/.ready  ## All of a release but its publication: build twice, the same bytes; look at them; list what they bring.
	rm -rf build/dist build/again
	build/release/bin/python tools/distributions.py build/dist/packages
	umask 077 && build/release/bin/python tools/distributions.py build/again
	diff -r build/dist/packages build/again
	build/release/bin/twine --no-color check --strict build/dist/packages/*
	build/release/bin/check-wheel-contents build/dist/packages/*.whl
	build/release/bin/cyclonedx-py environment $(BIN)/python --pyproject pyproject.toml --mc-type library \
		--no-validate --output-reproducible --output-file build/again/installed.json
	$(BIN)/python tools/sbom.py build/again/installed.json build/dist/sbom.json
	$(BIN)/towncrier build --draft --version $(VERSION) >build/again/notes.md

audit: build/audit/.ready  ## Ask PyPI which of the locked versions have known vulnerabilities.
	build/audit/bin/pip-audit --requirement tools/locked.txt --disable-pip --no-deps

build/oldest/.fetched: tools/oldest.txt
	rm -rf build/oldest
	$(PYTHON) -m venv build/oldest
	build/oldest/bin/pip install --quiet --requirement tools/oldest.txt \
		pytest pytest-asyncio pytest-timeout pytest-xdist opentelemetry-proto opentelemetry-sdk grpcio-tools==1.74.0 \
		openapi-spec-validator freezegun markdown
	touch $@

# Protobuf 6.31 does not read the JSON that it writes of groups, of which test_every_type has many.
check-oldest: build/oldest/.fetched  ## The tests of pipeline and mock with the oldest dependencies allowed; docs/distribution.md is of the locked ones.
	build/oldest/bin/pip install --quiet --constraint tools/oldest.txt --editable '.[container,serve,strategies,tls]'
	build/oldest/bin/pytest $(PARALLEL) -q -p no:cacheprovider \
		tests/unit tests/property --ignore tests/property/test_distribution.py \
		--ignore tests/property/test_every_type.py \
		tests/integration/test_end_to_end.py tests/integration/test_bus.py \
		tests/integration/test_server.py tests/integration/test_rodents.py \
		tests/integration/test_faults.py tests/integration/test_http.py \
		tests/integration/test_storage.py
	rm build/oldest/.fetched # it gets another pytest
	build/oldest/bin/pip install --quiet pytest==8.2.0 pytest-asyncio pytest-forked pytest-randomly \
		pytest-rerunfailures pytest-subtests
	build/oldest/bin/pytest $(PARALLEL) -q -p no:cacheprovider tests/integration/test_other_plugins.py

check-newest:  ## The fast tests and the property suites with the newest of everything.
	rm -rf build/newest
	$(PYTHON) -m venv build/newest
	build/newest/bin/pip install --quiet --editable '.[dev]'
	build/newest/bin/pytest $(PARALLEL) -q -p no:cacheprovider tests/unit tests/property

lock:  ## Lock the newest of everything for development, in tools/locked.txt.
	rm -rf build/lock
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install --quiet --editable '.[dev]'
	{ echo "# What make test sets up; written by make lock."; \
		build/lock/bin/pip freeze --exclude-editable | grep -v ' @ '; } >tools/locked.txt

proto: generated docs/compatibility.md  ## Generate all that follows from proto/: code, revisions, tables in docs.

revision: $(READY) $(PROTO_READY)  ## Take up a published revision of the schema, and all that follows: FROM=folder DATE=2026-01-15.
	$(BIN)/python tools/add_revision.py "$(FROM)" "$(DATE)"
	.venv-proto/bin/python tools/generate.py
	$(BIN)/python tools/compare_revisions.py

generated: $(READY) $(PROTO_READY)
	.venv-proto/bin/python tools/generate.py
	if tools/find_go >/dev/null; then tools/generate_go go; fi

# As it takes long, only where something that it follows from is newer.
COMPARED := proto/revisions toggle_mock/compat toggle_mock/strategies toggle_mock/schema.py toggle_mock/fields.py toggle_mock/json_names.py rodent_events/payload_types.py
docs/compatibility.md: $(shell find $(COMPARED) -name '*.proto' -o -name '*.py') proto/revisions tools/compare_revisions.py tools/locked.txt | generated
	$(BIN)/python tools/compare_revisions.py

schemas: $(READY)  ## Generate what follows from the code: schemas, contract cases, codes, commands, what the docs show of capacity and benchmarks, Go's client, man pages.
	$(BIN)/python tools/schemas.py
	PYTHONPATH=tools $(BIN)/python -m bench.pages

licences: $(READY)  ## List the licences of all that comes with the distribution, in docs/licences.md.
	$(BIN)/python tools/licences.py

soak: $(READY)  ## End an agent and kill its server 200 times, in each way and mode; count what is lost or repeated.
	$(BIN)/python tests/support/soak.py --rounds $(or $(ROUNDS),200)

backlog: $(READY)  ## Deliver 2 GB of spool files; show the memory that takes.
	$(BIN)/python tests/support/backlog.py

bench: $(READY)  ## Measure all that is fast, against floors and peers of the same run.
	$(BIN)/python -m bench --json build/bench.json

bench-check: $(READY)  ## Measure, and fail only where a row is worse than in the committed results, or in AGAINST=run.json.
	$(BIN)/python -m bench --check $(if $(AGAINST),--against $(AGAINST)) --json build/bench-check.json

explore: $(READY)  ## Show how soon the search finds each fault that is sown into an agent, and how small a schedule.
	$(BIN)/python tests/support/exploring.py

world: $(READY)  ## Draw from and compare schemas of the world, in two releases each; the table in docs/compatibility.md.
	$(BIN)/python tests/support/world/measuring.py $(WORLD)

sabotage: $(READY)  ## Break the delivery in chosen ways; show which test notices.
	mkdir -p build
	$(BIN)/python tools/sabotage.py --markdown build/sabotage.md

VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
EXTRAS ?= serve,tls
IMAGE_PYTHON = $(shell sed -n 's/^ARG BASE=python:\([0-9.]*\)-.*/\1/p' Dockerfile)

image:  ## Build the container image; without a registry within it: make wheels, and IMAGE_OPTIONS='--build-arg PIP_NO_INDEX=1'.
	docker build $(IMAGE_OPTIONS) --tag toggle-mock:$(VERSION) --tag toggle-mock:latest \
		--build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) \
		--build-arg CREATED=$$(git show --no-patch --format=%cI HEAD) .

wheels:  ## Fetch the wheels of the image, into build/wheels; EXTRAS=load,postgres for one with those.
	rm -rf build/wheels
	$$(tools/find_python $(IMAGE_PYTHON)) -m pip wheel --quiet --constraint tools/locked.txt --wheel-dir build/wheels \
		'.[$(EXTRAS)]' $$(sed -n 's/^requires = \["\(.*\)"\]/\1/p' pyproject.toml)
	rm build/wheels/rodent_events-*

sown: $(READY)  ## Run each row of sown Rodents; all cases against each sown Toggle, or FAULTS: where are the tables wrong?
	SOWN=all $(BIN)/pytest $(PARALLEL) tests/integration/test_sown_rodents.py
	$(BIN)/python tests/support/sown/everything.py $(FAULTS)

mutation: $(READY)  ## Change code in every small way, or a SAMPLE of each module, or what changed SINCE a revision.
	mkdir -p build
	$(BIN)/python tools/mutation.py $(MODULES) $(if $(SINCE),--since $(SINCE),--sample $(or $(SAMPLE),15)) \
		--markdown build/mutation.md

distribution: $(READY)  ## Report what the strategies draw.
	$(BIN)/python tests/support/distribution.py docs/distribution.md

docs: $(READY)  ## Build the documentation into build/docs.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict # with --quiet it would see no warning

site: $(READY)  ## Commit the documentation, as that of this minor version, to the branch gh-pages; SITE_URL says where that is published.
	export PATH="$(abspath $(BIN)):$$PATH" NO_MKDOCS_2_WARNING=1 && \
		mike deploy --update-aliases $(basename $(VERSION)) latest && mike set-default latest

go-check: $(READY)  ## Format, vet and test the Go module, against the mock of this tree; drift of its generated code.
go-driver-check:  ## Format, vet and test the Rodent in Go, which takes its messages from that module.
go-check: GO_MODULE := go
go-driver-check: GO_MODULE := examples/go-driver
go-bench-check:  ## Format and vet what the benchmarks hold against.
go-bench-check: GO_MODULE := bench/go
go-check go-driver-check go-bench-check:
	test -z "$$("$$($(GO) env GOROOT)/bin/gofmt" -l $(GO_MODULE) | tee -a /dev/stderr)"
	cd $(GO_MODULE) && export PATH="$(CURDIR)/$(BIN):$$PATH" && $(GO) vet ./... && $(GO) test -count=1 ./...

go-check: go-generated
go-generated: $(PROTO_READY)
	rm -rf build/$@ && mkdir -p build/$@ && tools/generate_go go "$(CURDIR)/build/$@"
	diff -r build/$@/pb go/pb

build/recipes/.ready: ci/requirements.txt
	rm -rf build/recipes
	$(PYTHON) -m venv build/recipes
	build/recipes/bin/pip install --quiet --requirement ci/requirements.txt
	touch $@

build/%/.ready: tools/%.txt
	rm -rf $(@D)
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	touch $@

recipes-check: build/recipes/.ready  ## Lint the recipes of ci/, what is for clusters, and the workflows.
	build/recipes/bin/python tools/lint_recipes.py

$(READY): pyproject.toml tools/locked.txt
	@test -n "$(PYTHON)" || { echo "no Python 3.11 or newer is found: install one, or give PYTHON=/path/to/it"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint tools/locked.txt --editable '.[dev]'
	touch $@

build/venv-%/.ready: pyproject.toml tools/locked.txt
	python=$$(tools/find_python $*) && $(MAKE) VENV=build/venv-$* PYTHON=$$python $@

$(PROTO_READY): proto/requirements.txt
	$(PYTHON) -m venv .venv-proto
	.venv-proto/bin/pip install --quiet --requirement proto/requirements.txt
	touch $@

clean:
	rm -rf .venv .venv-proto build .mypy_cache .ruff_cache .hypothesis *.egg-info
