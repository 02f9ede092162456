# make verify   set up .venv and put every statement to the test
# make test     set up .venv, lint, type-check, and run the tests un-jitted (with coverage) and compiled
PYTHON ?= python3
BIN := .venv/bin

.PHONY: verify test lint coverage bench clean

.venv/stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

verify: .venv/stamp
	$(BIN)/alpt-ref verify --quick --threads 2 --out results/verify

lint: .venv/stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: .venv/stamp
	NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest
	$(BIN)/coverage report

test: lint coverage
	$(BIN)/python -m pytest -n 2

bench: .venv/stamp
	$(BIN)/python -m pytest analysis/bench_kernels.py analysis/bench_theory.py --benchmark-enable --benchmark-columns=median,rounds -q -s

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage build *.egg-info
