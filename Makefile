# The two commands of the README, and what they need. `make` alone says what there is.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

help:
	@echo "make run     build the packages of seeds/ into dist/ and print what was made"
	@echo "make test    run all tests"
	@echo "make bench   measure, beside SUSHI and other peers (benchmarks/README.md)"
	@echo "make format  format the code"
	@echo "make clean   remove what make made (not dist/)"

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 3 --editable '.[dev]'
	@touch $@

run: $(VENV)/ready
	$(BIN)/sachet build seeds -o dist

test: $(VENV)/ready
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup

bench: $(VENV)/ready
	$(BIN)/python benchmarks/run.py

format: $(VENV)/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/hl7_engine/target tests/hapi/target \
		benchmarks/sushi/node_modules benchmarks/sushi/home

.PHONY: help run test bench format clean
