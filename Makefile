# Two commands: `make run` sets up and runs the main job, `make test` sets up and runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test clean

run: $(VENV)/run
	mkdir -p out
	$(BIN)/keruen check kazakhstan
	$(BIN)/keruen solve kazakhstan --year 2023 --scenario russia-closed --compare base --report out/russia-closed.html

test: $(VENV)/test
	$(BIN)/ruff check src tests tools
	$(BIN)/mypy
	$(BIN)/python tools/generate.py --check
	$(BIN)/pytest

$(VENV)/run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@ $(VENV)/run

clean:
	rm -rf $(VENV) out
