.DEFAULT_GOAL := help
PY := .venv/bin/python
PACKAGES := alerts andon collector core correlator dashboard journal plant slas store
CODE := $(PACKAGES) instrumentation tests benchmarks tools

.PHONY: help demo test check format bench soak install lock sbom clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16
	@echo "Ports: 4317 (OTLP over gRPC), 4318 (OTLP over HTTP, events), 8123 (engine), 8501 (board), 8502 (its metrics), 9099 (the demo's desk)."
	@echo "Others: make demo ARGS='--otlp-grpc-port 5317 --http-port 5318 --engine-port 9123 --dashboard-port 9501 --dashboard-metrics-port 9502 --desk-port 9199'"

demo: .venv/.installed ## Install, start everything with a simulated plant, print the address of the board (Ctrl-C stops it)
	@$(PY) -m andon demo $(ARGS)

test: .venv/.installed ## Run the whole test suite (what needs a missing server or browser is reported as skipped)
	@$(PY) -m pytest -n 4 --dist loadgroup -m "not alone and not long" $(ARGS) || test $$? = 5 # none of them was asked for
	@$(PY) -m pytest -m alone $(ARGS) || test $$? = 5

check: .venv/.installed ## Format, lint, types, import rules, docs
	@.venv/bin/ruff format --check $(CODE)
	@.venv/bin/ruff check $(CODE)
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@$(PY) -m pytest -q tests/architecture
	@$(PY) -m andon check catalog

format: .venv/.installed ## Rewrite the code in the house's format
	@.venv/bin/ruff format $(CODE)
	@.venv/bin/ruff check --fix $(CODE)

bench: .venv/.installed ## Measure the figures of the README (minutes; wants a quiet machine)
	@$(PY) -m benchmarks $(ARGS)

soak: .venv/.installed ## The long proofs: more rounds of every fault, the image in a clean root, a real ERP (hours; ANDON_ROUNDS=60 ANDON_SOAK_SECONDS=120 for half an hour)
	@ANDON_ROUNDS=$${ANDON_ROUNDS:-300} ANDON_EXAMPLES=$${ANDON_EXAMPLES:-20000} ANDON_SOAK_SECONDS=$${ANDON_SOAK_SECONDS:-7200} $(PY) -m pytest tests/faults tests/properties/test_decoders.py tests/e2e/test_containerfile.py tests/e2e/test_tryton.py $(ARGS)

install: .venv/.installed ## Create .venv and install everything into it

.venv/.installed: pyproject.toml requirements.txt instrumentation/pyproject.toml tools/install.sh tools/uv.txt
	@sh tools/install.sh

lock: .venv/.installed ## Pin what is installed, with hashes (ARGS=--upgrade: to the newest versions)
	@sh tools/lock.sh $(ARGS)

sbom: .venv/.installed ## Write what is shipped: build/sbom.cdx.json (CycloneDX) and build/audit.txt (for pip-audit)
	@$(PY) tools/inventory.py build

clean: ## Remove .venv and the demo's data
	@rm -rf .venv .andon-demo
