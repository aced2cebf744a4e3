# TeckoChecker's own commands; `make` alone lists them. Runs on GNU make 3.81 (macOS) and newer.

# The Python to build .venv with; without it the first one found that is new enough.
PYTHON ?=
# What to hand to `make demo` or `make bench`, as in: make demo ARGS=--fast
ARGS ?=
VENV ?= .venv
BIN := $(VENV)/bin

# A stamp in .venv tells what is installed; where its Python is missing or has gone, .venv is made anew.
no_venv := $(shell test -x $(BIN)/python || echo new-venv)
usable := import sys; sys.version_info >= (3, 11) or sys.exit(1); import ensurepip, venv
no_python = $(if $(PYTHON),$(PYTHON) is no,There is no) Python 3.11 or newer with venv. \
    Install one (Debian: apt-get install python3-venv) or name another: make demo PYTHON=/path/to/python3

# What the tests need from Debian beyond Python's own packages.
DEBIAN := chromium git postgresql python3-venv

# Tests of whole commands, pages and services wait for processes most of the time; the others compute beside them.
WAITING := $(addprefix tests/,doors/cli browser e2e soak)
CORE := $(addprefix tests/,unit contracts)
INSIDE := tests $(addprefix --ignore ,$(WAITING) $(CORE) tests/simulation)

.DEFAULT_GOAL := help
.PHONY: help demo test pytest test-pythons screenshots soak bench openapi lock deps clean new-venv

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.demo ## Run the program against stand-in services, from nothing to a finished run
	@$(BIN)/teckochecker demo $(ARGS)

test: $(VENV)/.test ## Check everything: lint, types, layers, tests, coverage of the core
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@echo 'Testing inside, and meanwhile through commands, pages and services'
	@{ $(BIN)/coverage run -m pytest $(CORE) && $(BIN)/coverage report && $(BIN)/python -m pytest $(INSIDE); } \
	    >.inside.log 2>&1 & inside=$$!; \
	$(BIN)/python -m pytest $(WAITING); doors=$$?; \
	wait $$inside; inside=$$?; cat .inside.log; test "$$inside $$doors" = '0 0'
	$(BIN)/python -m pytest tests/simulation

pytest: $(VENV)/.test ## Run the tests alone
	$(BIN)/python -m pytest -q

test-pythons: ## Run the tests on every Python from 3.11 on that is found here
	@done=''; \
	for python in python3.11 python3.12 python3.13 python3.14 python3.15 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin/python3; do \
	    minor=$$("$$python" -c '$(usable); print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	    case "$$done " in *" $$minor "*) continue ;; esac; \
	    done="$$done $$minor"; \
	    echo "Python $$minor"; \
	    $(MAKE) --no-print-directory pytest PYTHON="$$python" VENV="$(VENV)/pythons/$$minor" || exit 1; \
	done; \
	test -n "$$done" || { echo '$(no_python)' >&2; exit 1; }

soak: $(VENV)/.test ## Stop real processes at every step, and simulate 100,000 days of trouble
	@$(BIN)/python -m tests.soak
	@$(BIN)/python -m tests.simulation.soak --days 100000 $(ARGS)

bench: $(VENV)/.test ## Measure and hold the figures against their bounds
	@$(BIN)/python -m tests.benchmarks.checks $(ARGS)
	@$(BIN)/python -m tests.benchmarks.start
	@$(BIN)/python -m tests.benchmarks.serving

screenshots: $(VENV)/.test ## Take pictures of the pages, into dist/screenshots
	@$(BIN)/python -m tests.browser.screenshots dist/screenshots

openapi: $(VENV)/.test ## Write docs/openapi.json anew
	@$(BIN)/python -m tests.doors.http.description

lock: $(no_venv) ## Renew the locked requirements from pyproject.toml
	@uv --version >/dev/null 2>&1 || { $(with_pip) && $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
	PATH="$$PATH:$(CURDIR)/$(BIN)" && $(compile) pyproject.toml --output-file requirements.txt
	PATH="$$PATH:$(CURDIR)/$(BIN)" && $(compile) --group build --constraint requirements.txt --output-file requirements-build.txt
	PATH="$$PATH:$(CURDIR)/$(BIN)" && $(compile) pyproject.toml --group dev --constraint requirements.txt --constraint requirements-build.txt --output-file requirements-dev.txt

deps: ## Install what the tests need from Debian (as root)
	@if ! command -v apt-get >/dev/null; then \
	    echo 'No apt-get here: make sure yourself that there are git, PostgreSQL, Chromium, and Python 3.11 or newer with venv.'; exit 0; \
	fi; \
	missing=''; \
	for package in $(DEBIAN); do \
	    test "$$(dpkg-query --show --showformat '$${db:Status-Status}' $$package 2>/dev/null)" = installed || missing="$$missing $$package"; \
	done; \
	if test -z "$$missing"; then exit 0; fi; \
	if test "$$(id -u)" != 0; then echo "As root, please: apt-get install$$missing" >&2; exit 1; fi; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $$missing

clean: ## Remove the virtual environment and everything the tools left
	rm -rf $(VENV) dist .coverage .hypothesis .inside.log .*_cache
	find src tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.demo: requirements.txt requirements-build.txt pyproject.toml $(no_venv)
	$(call install,requirements.txt requirements-build.txt)

$(VENV)/.test: requirements-dev.txt pyproject.toml $(no_venv)
	$(call install,requirements-dev.txt)

new-venv:
	@for python in $(if $(PYTHON),'$(PYTHON)',python3.13 python3.12 python3.11 python3); do \
	    if "$$python" -c '$(usable)' 2>/dev/null; then \
	        echo "Making $(VENV) with $$("$$python" --version)"; \
	        rm -rf $(VENV); \
	        exec "$$python" -m venv --without-pip $(VENV); \
	    fi; \
	done; \
	echo '$(no_python)' >&2; exit 1

# Nothing is installed whose hash is not in the lock; the build back end is in there too, hence no build isolation.
# uv is the faster one; where it is missing or fails (a mirror that only pip knows of), pip does as well and tells what is wrong.
define install
@echo 'Installing $(1) into $(VENV)'
@{ $(call install_with,uv pip install --quiet --compile-bytecode --python $(BIN)/python,$(1)); } >/dev/null 2>&1 \
    || { $(with_pip) && $(call install_with,$(BIN)/python -m pip install --quiet --disable-pip-version-check,$(1)); }
@touch $@
endef
install_with = $(1) --require-hashes $(addprefix -r ,$(2)) && $(1) --no-deps --no-build-isolation --editable .
with_pip = { $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; }
compile = uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --python-version 3.11

# uv trusts the certificates that the system trusts, as pip does.
export UV_SYSTEM_CERTS := 1
