# customer-mdm: two commands do everything on a fresh machine with Python 3.11 and make: `make run`, `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test drills lint lint-python lint-sql serve bench clean lock install

run: install ## demo bank, one business day through the Airflow DAG, summary
	$(BIN)/mdm demo
	$(BIN)/mdm run --airflow

test: install lint ## everything that must hold, in under 15 minutes
	$(BIN)/python -m pytest -q -n 2 --no-loadscope-reorder tests --ignore=tests/bench --ignore=tests/drills

drills: install ## whole days: killed in every step, under a real scheduler, around a steward in a browser (minutes each)
	$(BIN)/python -m pytest -q tests/drills

lint: install
	$(MAKE) -j 2 lint-python lint-sql

lint-python:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lint-sql:
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests config/dbt/models

serve: install ## the steward page; prints its address and logins
	$(BIN)/mdm serve

bench: install ## slow scale runs; results go to docs/benchmarks.md by hand, with machine and versions
	$(BIN)/python -m pytest -q -s tests/bench

install: $(READY)

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(READY)

lock: ## remake requirements.lock from pyproject.toml (needs uv)
	uv pip compile --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --extra test --quiet \
	  --custom-compile-command "make lock" -o requirements.lock pyproject.toml

clean: ## stop our servers and remove everything that was generated
	-test -x $(BIN)/mdm && $(BIN)/mdm stop
	rm -rf var $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis dbt_project/target dbt_project/logs
