# Two commands: `make run` sets up and runs the main job, `make test` sets up and runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: run test bench clean

run: $(VENV)/run
	mkdir -p out
	$(BIN)/keruen check kazakhstan
	$(BIN)/keruen solve kazakhstan --year 2023 --scenario russia-closed --compare base --report out/russia-closed.html

test: $(VENV)/test
	$(BIN)/ruff check src tests tools benchmarks
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

# Keruen beside its peers, in an environment of its own: writes benchmarks/RESULTS.md. Takes about an hour.
bench: .venv-bench/ready
	.venv-bench/bin/python benchmarks/run.py

.venv-bench/ready: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/pip install --quiet --disable-pip-version-check -e . -r benchmarks/requirements.txt
	touch $@

clean:
	rm -rf $(VENV) .venv-bench out benchmarks/out
