# make verify     set up .venv and put every statement to the test
# make test       set up .venv, lint, type-check, and run the tests un-jitted and compiled
# make test-long  what `make test` leaves out: statistics over many runs, every width compiled
# make coverage   run the tests un-jitted under coverage, which has to reach 95 %
# make fuzz       try inputs that nobody thought of, for MINUTES=10: docs/reliability.md
# make docs       set up .venv and build the documentation in site/, warnings being errors: open site/index.html
# make cuda       install numba-cuda and NVIDIA's compilers, with which the tests of the loops for a GPU run, too
# make dist       build the source distribution and the wheel in dist/; for a release ALPT_REF_SOURCE=https://... (setup.py)
# make smoke      install that wheel, and nothing else, and use it from another folder; PYTHON=python3.13 tries another Python
# make peers      set up .peers, with the libraries of peers.txt, and write docs/conformance.md: the suite on their quantizers
PYTHON ?= python3
BIN := .venv/bin
PLAIN ?= $(BIN)/python
CUDA_FILES := alpt_ref/gpu.py,alpt_ref/kernels/cuda/*,alpt_ref/training/cuda/*
MINUTES ?= 10
SEED ?= 0
# A file's tests share a worker, and what its fixtures make; files keep the order of tests/conftest.py. A worker that dies is not
# replaced, for the next would meet the same test.
WORKERS := -n 2 --max-worker-restart 0 --dist loadfile --no-loadscope-reorder
SHORT := $(WORKERS) -m 'not long'
COMPILED ?= $(SHORT)
BETWEEN ?= @true

.PHONY: verify test test-long lint plain coverage covered docs cuda fuzz bench dist smoke peers clean

.venv/stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

verify: .venv/stamp
	$(BIN)/alpt-ref verify --quick --threads 2 --out results/verify

.venv/docs: .venv/stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,docs]'
	touch $@

docs: .venv/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo site/index.html

lint: .venv/stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	MYPY_NUM_WORKERS=2 $(BIN)/mypy
	$(BIN)/lint-imports

# Plain loops for a GPU run in Numba's simulator, where the extra is installed.
plain: .venv/stamp
	NUMBA_DISABLE_JIT=1 NUMBA_ENABLE_CUDASIM=1 $(PLAIN) -m pytest $(SHORT)

.venv/cuda: .venv/stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,cuda]' nvidia-cuda-nvdisasm
	touch $@

cuda: .venv/cuda

coverage: .venv/stamp
	$(BIN)/coverage erase
	$(MAKE) plain PLAIN='$(BIN)/coverage run'
	$(MAKE) covered

# Without the extra, what it serves is left out of the count.
covered:
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report $(shell $(BIN)/python -c 'import numba_cuda' 2>/dev/null || echo "--omit=$(CUDA_FILES)")

test: lint
	$(MAKE) plain
	$(BETWEEN)
	$(BIN)/python -m pytest $(COMPILED)

test-long: .venv/stamp
	$(BIN)/python -m pytest $(WORKERS) -m long

fuzz: .venv/stamp
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) --seed $(SEED)

bench: .venv/stamp
	$(BIN)/python -m pytest analysis/bench_kernels.py analysis/bench_theory.py --benchmark-enable --benchmark-columns=median,rounds -q -s

dist: .venv/stamp
	rm -rf dist
	$(BIN)/python -m build --outdir dist . > /dev/null

smoke: dist
	rm -rf .smoke
	$(PYTHON) -m venv .smoke
	.smoke/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/*.whl
	place=$$(mktemp -d) && cd $$place && PATH="$(CURDIR)/.smoke/bin:$$PATH" && python --version && \
	  alpt-ref verify Q1 T1 && \
	  python -m alpt_ref train --precision lpt --epochs 1 --out run && \
	  { alpt-ref check-quantizer --list; test $$? = 2; } && \
	  cd / && rm -r $$place

.peers/stamp: peers.txt pyproject.toml
	$(PYTHON) -m venv .peers
	.peers/bin/python -m pip install --quiet --disable-pip-version-check -r peers.txt
	.peers/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

peers: .peers/stamp
	PATH="$(CURDIR)/.peers/bin:$$PATH" .peers/bin/python analysis/peer_conformance.py

clean:
	rm -rf .venv .peers .smoke dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage* build site *.egg-info
