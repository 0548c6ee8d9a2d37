# Each target makes the virtual environment it needs; nothing has to be done before.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check bench docs clean

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("HubCensus needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/.base: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

.venv/.dev: .venv/.base
	$(PIP) -e '.[dev]'
	@touch $@

demo: .venv/.base
	$(BIN)/hubcensus --home demo-census demo

test: .venv/.dev
	$(BIN)/python -m pytest

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 0 tests/test_architecture.py

bench: .venv/.dev
	$(BIN)/python -m benchmarks

docs: .venv/.dev
	$(BIN)/python -m docs.build

clean:
	rm -rf .venv demo-census .pytest_cache .mypy_cache .ruff_cache
