# `make demo` and `make test` need nothing before them: each first makes .venv ready.
# Options for pytest go in ARGS: make test ARGS="-k tape"

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile
COMPILE := uv pip compile --no-config --quiet --universal --generate-hashes --python-version 3.11

.PHONY: setup demo test test-all check format bench lock

setup:
	@./setup.sh

demo: setup
	$(BIN)/npl demo

test: setup
	$(PYTEST) -m "not slow" $(ARGS)

test-all: setup
	$(PYTEST) $(ARGS)

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
