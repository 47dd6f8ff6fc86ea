# The house's commands. Everything runs in .venv, made at the first call; `make help` lists them.
PYTHON ?= python3
VENV   ?= .venv
RUN    := $(VENV)/bin
OUT    ?= out/demo

.PHONY: help demo test parity lint format build clean

help:                ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/ready  ## label maps in, street video out, offline, with the weights in the package
	$(RUN)/maliang demo --out $(OUT)

test: $(VENV)/ready-dev  ## every test that needs nothing but this repository
	$(RUN)/python -m pytest

parity: $(VENV)/ready-dev  ## agreement with the reference implementations: make parity GOLDEN=folder
	$(RUN)/python -m pytest -m parity --golden $(or $(GOLDEN),tests/golden)

lint: $(VENV)/ready-dev  ## ruff, its formatter, mypy strict
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/python .ci/types.py

format: $(VENV)/ready-dev  ## let ruff repair what it can
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

build: $(VENV)/ready-dev  ## the wheel and the source archive, in dist/
	$(RUN)/python -m build --no-isolation

clean:               ## away with what the other commands made, downloads and videos excepted
	rm -rf build dist *.egg-info .lint .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/ready-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(RUN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/ready

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Maliang needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
