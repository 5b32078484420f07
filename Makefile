# Two commands do all set-up: `make demo` and `make test`. They need Python >= 3.11 and make, nothing else.
PYTHON ?= python3
# Tests at once, each with a broker and an engine of its own (1.5 GB). They wait more than they compute, so on two
# cores three are not too many.
JOBS ?= 3
# Follows a log in another process; beside two other processes of tests it waited for ever, twice.
ALONE := tests/rekap/test_reading.py
# What `make test` leaves to `make test-long`.
LONG := faults or national or slow
# What is installed, as pyproject.toml has it: the packages with API pages.
DOCUMENTED := audit clickhouse determination event_log monitoring producers queries rekap schemas serving sinks stream_processors transparency
BIN := .venv/bin
PYTEST = $(BIN)/python -m pytest --numprocesses=$(JOBS)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

.PHONY: install demo test test-long test-all lint docs bench lock clean kafka kafka-clean kafka-jars

install: .venv/installed ## make .venv, so that .venv/bin/rekap is the command

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("rekap needs Python >= 3.11, this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12 ...") if sys.version_info < (3, 11) else 0'
	@echo "Installing into .venv (about 250 MB; a minute on a fast line) ..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements-dev.lock
	@$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

demo: install ## count an election and look at it
	@$(BIN)/rekap demo

test: .venv/installed-dev lint kafka-jars ## prove it, in some minutes
	$(PYTEST) -m "not ($(LONG))" --ignore=$(ALONE)
	$(BIN)/python -m pytest -m "not ($(LONG))" $(ALONE)

test-long: .venv/installed-dev kafka-jars ## what `make test` leaves out: faults under load, 9,500 crashes, a whole country
	@command -v go >/dev/null || echo "No Go here: other implementations of transparency logs will not be asked." >&2
	$(PYTEST) -m "$(LONG)"

test-all: .venv/installed-dev lint kafka-jars ## everything
	$(PYTEST)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: .venv/installed-dev ## write API pages from the docstrings into api-pages/
	rm -rf api-pages
	@# Every module by name: of a package with __all__ pdoc would leave out the modules. Names that are imported for
	@# type checkers alone it does not know; signatures show them without a link.
	$(BIN)/python -W "ignore:Error parsing type annotation" -W "ignore:Failed to run TYPE_CHECKING" \
	  -W "ignore:The module specification" -m pdoc \
	  --docformat markdown --no-show-source --output-directory api-pages \
	  $$(find $(DOCUMENTED) -name '*.py' ! -name __main__.py | sed -e 's,/__init__.py$$,,' -e 's,\.py$$,,' -e 's,/,.,g' | sort)

kafka-jars: ## fetch Apache Kafka for the tests, where Java and Maven are
	@if test .kafka/complete -nt deploy/kafka/pom.xml; then :; \
	elif ! command -v java >/dev/null || ! command -v mvn >/dev/null; then \
	  echo "No Java or no Maven here: tests that need a Kafka broker will be skipped (or set KAFKA_BOOTSTRAP_SERVERS)." >&2; \
	else \
	  echo "Fetching Apache Kafka into .kafka (54 MB) ..." >&2; \
	  rm -rf .kafka; \
	  mvn --quiet --batch-mode --strict-checksums --file deploy/kafka/pom.xml dependency:copy-dependencies \
	    -DincludeScope=runtime -DoutputDirectory="$(CURDIR)/.kafka" && touch .kafka/complete; \
	fi

kafka: .venv/installed kafka-jars ## run one Kafka broker on loopback until Ctrl-C; the next run has its data and address
	@$(BIN)/python -m devtools.brokers .kafka-data

kafka-clean: ## remove the data of that broker
	rm -rf .kafka-data

bench: .venv/installed-dev kafka-jars ## measure it; REKAP_REAL_DATA names the folder of real results
	$(BIN)/python -m benchmarks.embedded
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.stream
	$(BIN)/python -m benchmarks.stream.latency
	$(BIN)/python -m benchmarks.stream.recovery
	$(BIN)/python -m benchmarks.stream.reading

lock: ## pin every dependency again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv .bench api-pages .kafka .kafka-data .peers demo-data *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
