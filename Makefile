# `make demo` and `make test` need nothing before them: each first makes .venv ready.
# Options for pytest go in ARGS: make test ARGS="-k tape"

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile
COMPILE := uv pip compile --no-config --quiet --universal --generate-hashes --python-version 3.11

.PHONY: setup demo test test-all test-faults golden check format bench lock

setup:
	@./setup.sh

demo: setup
	$(BIN)/npl demo

test: setup
	$(PYTEST) -m "not slow" $(ARGS)

test-all: setup
	$(PYTEST) $(ARGS)

# Every fault that is tried, by name: kills, full disks, changed bits, cut logs, forged packages.
test-faults: setup
	$(BIN)/python -m pytest --verbose --no-header tests/test_run_faults.py \
		tests/test_store_faults.py tests/test_audit.py tests/test_audit_bits.py tests/test_audit_faults.py \
		tests/test_audit_postgresql.py tests/test_package.py $(ARGS)

# The share of every return's cells and checks that the golden books exercise. ARGS=--missing lists the rest.
golden: setup
	$(BIN)/python tests/golden_share.py $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -m "not slow" $(ARGS)

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m bench $(ARGS)

# The locks name versions and hashes, never where to fetch from. UPGRADE=--upgrade moves versions.
lock: export UV_CUSTOM_COMPILE_COMMAND := make lock
lock: export PATH := $(PATH):$(CURDIR)/.tools/bin
lock: setup
	$(COMPILE) $(UPGRADE) requirements/uv.in -o requirements/uv.txt
	$(COMPILE) $(UPGRADE) requirements/build.in -o requirements/build.txt
	$(COMPILE) $(UPGRADE) -b requirements/build.txt pyproject.toml -o requirements/run.txt
	$(COMPILE) $(UPGRADE) -b requirements/build.txt -c requirements/run.txt --extra dev \
		pyproject.toml -o requirements/dev.txt
