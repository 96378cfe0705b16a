# Every target prepares .venv by itself (tools/prepare), at once when nothing has changed.
.DEFAULT_GOAL := help
.PHONY: help demo play up test test-fast words check docs prove bench soak release clean

BIN := .venv/bin
ARGS ?=

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## See it at work, without an account (ARGS=--verbose: the calls)
	@tools/prepare run
	@$(BIN)/python -m pagebridge demo $(ARGS)

play: ## Try it in the browser, without an account (ARGS="--port 9000")
	@tools/prepare run
	@$(BIN)/python -m pagebridge play $(ARGS)

up: ## Run it for a real workspace; its settings are in .env
	@tools/prepare run
	@$(BIN)/python -m pagebridge up $(ARGS)

test: ## Run all tests (ARGS="-k echo": some of them)
	@tools/prepare dev
	@# Six at a time on two cores, because a story waits twice as long as it works.
	@# Tests start hundreds of processes, each of which would compile everything again if nothing could be kept.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 6 $(ARGS)

test-fast: ## Run the tests that need no server and no other process
	@tools/prepare dev
	$(BIN)/python -m pytest -n 2 -m "not process" $(ARGS)

words: ## Write the pages of words, the documents' tables and pictures
	@tools/prepare dev
	$(BIN)/python -m pytest -n 2 tests/words tests/pictures \
	  tests/pagebridge/test_documents.py tests/shared/test_bridge_config.py tests/test_metrics.py tests/bench/test_model.py --update-words $(ARGS)

check: ## Check format, style, types and the directions of imports
	@tools/prepare dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

docs: ## Make a site of the documents, with a search, in .cache/docs
	@tools/prepare docs
	@$(BIN)/python -m sphinx -q -W --keep-going -c docs -d .cache/doctrees . .cache/docs
	@echo "Open .cache/docs/index.html; it needs no network."

# ARGS="--seed 7 --mix ties" plays one day again.
prove: ## Prove the invariants on 50,000 bad days and real processes
	@tools/prepare dev
	$(BIN)/python -m tests.proof $(ARGS)

# ARGS="--only latency" measures a part, ARGS=--json is for tools.
bench: ## Measure what it costs, next to the least possible cost
	@tools/prepare dev
	@$(BIN)/python -m tests.bench $(ARGS)

soak: ## Let it work for 30 minutes, and see that its memory stays
	@tools/prepare dev
	@$(BIN)/python -m tests.bench.soak $(ARGS)

# ARGS="minor --dry-run" does all of it in a copy that is thrown away.
release: ## Make a release (ARGS=minor): version, tag, wheel, SBOM, image
	@tools/prepare release
	@tools/release $(ARGS)

clean: ## Remove .venv and all caches; settings and data stay
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
