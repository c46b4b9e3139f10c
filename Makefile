# One word each: make setup | demo | check | test | faults | e2e | pictures | bench | lock | api-types | clean
# make demo HOST=<address or name of this machine> serves the LAN over TLS.
# Nothing here asks a question or needs more than Python >= 3.11 with venv, Node >= 20.19 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
DIST := web_client/dist/index.html
DCMJS := tests/support/dcmjs/node_modules/.package-lock.json
WEB_SOURCES := $(shell find web_client -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/e2e/*' 2>/dev/null)

.PHONY: setup setup-dev demo check test faults e2e pictures bench lock api-types clean

demo: setup
	@exec $(BIN)/lianzhen demo $(if $(HOST),--host $(HOST))

setup: $(VENV)/.runtime $(DIST)

setup-dev: $(VENV)/.dev $(DIST) $(DCMJS)

$(BIN)/python:
	@echo "[setup] Python environment"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "[setup] Python packages (a minute or two the first time)"
	@$(PIP) --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "[setup] Python packages for checks and tests"
	@$(PIP) --require-hashes --only-binary :all: -r requirements-dev.lock
	@touch $@

$(DCMJS): tests/support/dcmjs/package-lock.json tests/support/dcmjs/package.json
	@echo "[setup] a DICOM peer in JavaScript"
	@cd tests/support/dcmjs && npm ci --silent --no-audit --no-fund
	@touch $@

web_client/node_modules/.package-lock.json: web_client/package-lock.json web_client/package.json
	@echo "[setup] web client packages"
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
	  || { echo "Node 20.19 or newer is needed"; exit 1; }
	@cd web_client && npm ci --silent --no-audit --no-fund
	@touch $@

$(DIST): web_client/node_modules/.package-lock.json $(WEB_SOURCES)
	@echo "[setup] web client"
	@cd web_client && npm run --silent build
	@touch $@

check: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	cd web_client && npm run --silent check

test: setup-dev
	cd web_client && npm test --silent
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --max-worker-restart 0 --dist loadfile --ignore tests/e2e
	$(BIN)/python -m pytest tests/e2e

# Part of `make test`; the judge is the ledger of the sender: what it was told, held against what is there.
faults: setup-dev
	$(BIN)/python -m pytest -m fault --ignore tests/e2e

e2e: setup-dev
	$(BIN)/python -m pytest tests/e2e

# The README's pictures, by the journey that tests the pages.
pictures: setup-dev
	E2E_PICTURES=$(CURDIR)/docs/pictures $(BIN)/python -m pytest tests/e2e/test_journey.py -k "sqlite-files and chromium"

bench: setup-dev
	$(BIN)/python -m benchmarks

# Resolve the dependencies anew; uv comes from PyPI and is needed here only.
lock:
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --upgrade \
	  --extra build pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-annotate --no-header --upgrade \
	  --constraint requirements.lock --extra build --extra dev pyproject.toml --output-file requirements-dev.lock

# What the web client knows of the server's routes; tests/server/test_api_types.py tells when it is stale.
api-types: $(VENV)/.runtime
	@cd web_client/api-types && npm ci --silent --no-audit --no-fund
	@$(BIN)/lianzhen openapi | node web_client/api-types/write.mjs web_client/src/shared/api/schema.d.ts

clean:
	rm -rf $(VENV) web_client/node_modules web_client/api-types/node_modules tests/support/dcmjs/node_modules web_client/dist .mypy_cache .ruff_cache .pytest_cache
