# Each target makes the virtual environment it needs; nothing has to be done before.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check bench docs notebooks probe clean

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("HubCensus needs Python 3.11 or newer; set PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv

.venv/.base: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) -e .
	@touch $@

.venv/.dev: .venv/.base
	$(PIP) -e '.[dev]'
	@touch $@

# Torch's usual build for Linux brings gigabytes of CUDA along: it is taken where it does not, or by `make probe`.
.venv/.torch: .venv/.base
	@if $(PIP) --dry-run --report - torch==2.13.0 > .venv/torch.json && ! grep -q '"name": "nvidia-' .venv/torch.json; \
	then echo "Installing the probe extra (torch for the CPU)."; $(PIP) torch==2.13.0 && $(PIP) -e '.[probe]'; \
	else echo "Torch would bring CUDA along and is left out: what needs it is skipped; make probe installs it."; fi
	@touch $@

probe: .venv/.base
	$(PIP) -e '.[probe]'

demo: .venv/.base
	$(BIN)/hubcensus --home demo-census demo

test: .venv/.dev .venv/.torch
	$(BIN)/python -m pytest

check: .venv/.dev .venv/.torch
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 0 tests/test_architecture.py

bench: .venv/.dev .venv/.torch
	$(BIN)/python -m benchmarks

docs: .venv/.dev .venv/.torch
	$(BIN)/python -m docs.build

.venv/.notebooks: .venv/.base
	$(PIP) -e '.[notebooks]'
	@touch $@

# On the demo's census unless HUBCENSUS_HOME names another.
notebooks: .venv/.notebooks
	@test -n "$$HUBCENSUS_HOME" -o -d demo-census || $(MAKE) demo
	HUBCENSUS_HOME="$${HUBCENSUS_HOME:-$(CURDIR)/demo-census}" $(BIN)/jupyter lab notebooks/

clean:
	rm -rf .venv demo-census .pytest_cache .mypy_cache .ruff_cache
