# SeaLink. Needs Python 3.11 or newer and make; everything else is installed into .venv, pinned by hash.
#
#   make serve            start SeaLink; options go into ARGS:  make serve ARGS="--port 8080"
#   make test             all tests, in parallel; options go into ARGS:  make test ARGS="tests/wire -q"
#   make test-full        the same with every sweep in full: every cut, every split, the long soak; then `make test` on
#                         the oldest and newest Python that is installed, each in a .venv-3.x of its own
#   make clients          install the programs that tests/acceptance/test_real_clients.py drives
#   make goldens          keep what clients get of the recordings now; git diff shows what has changed
#   make lint             ruff and mypy; what mypy has found out is kept for all checkouts
#   make bench            measure it on this machine, into bench/RESULTS.md
#   make screenshots      take pictures of the console into build/screenshots (needs chromium), two of them for README
#   make docs             write the generated pages of docs/
#   make lock             pin the newest versions of all dependencies in requirements/

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sealink
VENV ?= .venv
PYTEST := $(VENV)/bin/pytest --numprocesses auto
UV_VERSION := 0.13.9

# What Python has compiled is kept: tests start hundreds of processes that import the same.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve test test-full clients installed-clients goldens lint bench docs screenshots lock clean
.DELETE_ON_ERROR:

serve: $(VENV)/.run
	@exec $(VENV)/bin/sealink serve $(ARGS)

test: $(VENV)/.test
	$(PYTEST) $(ARGS)

test-full: $(VENV)/.test
	$(PYTEST) --full $(ARGS)
	@set -e; pythons=$$($(VENV)/bin/python requirements/pythons.py); for python in $$pythons; do \
		venv=.venv-$$(basename $$python | sed s/python//); \
		$(MAKE) $$venv/.test VENV=$$venv PYTHON=$$python; $$venv/bin/pytest --numprocesses auto $(ARGS); done

clients: $(VENV)/.test
	@$(MAKE) --no-print-directory --jobs installed-clients

installed-clients: $(patsubst %,.venv-clients/%,agents older aider) tests/codex/node_modules/.installed

goldens: $(VENV)/.test
	$(VENV)/bin/pytest -q tests/wire/test_goldens.py --rewrite-goldens

lint: $(VENV)/.test
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy --cache-dir $(CACHE)/mypy

bench: $(VENV)/.run
	$(VENV)/bin/python bench/run.py $(ARGS)

docs: $(VENV)/.test
	$(VENV)/bin/sealink providers --markdown > docs/providers.md
	$(VENV)/bin/python -m sealink.config.reference > docs/configuration.md
	$(VENV)/bin/python -m sealink.cli.reference > docs/commands.md
	PYTHONPATH=tests $(VENV)/bin/python -m wire.test_every_parameter > docs/parameters.md

screenshots: $(VENV)/.test
	PYTHONPATH=tests $(VENV)/bin/python -m console.screenshots build/screenshots --readme docs/images

$(VENV)/.run: pyproject.toml setup.py $(wildcard src/sealink/*/_*.c src/sealink/*/*/_*.c) requirements/build.txt requirements/run.txt
	@test -n "$(PYTHON)" || { echo "SeaLink needs Python 3.11 or newer. Say where it is: make PYTHON=/path/to/python3 …"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"SeaLink needs Python 3.11 or newer; $(PYTHON) is {sys.version}")'
	@$(VENV)/bin/python -c '' 2>/dev/null || { echo "Making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv --clear $(VENV); }
	@$(VENV)/bin/python requirements/install.py requirements/build.txt requirements/run.txt
	@echo "Installing SeaLink itself"
	@$(VENV)/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	@$(VENV)/bin/python requirements/install.py requirements/test.txt
	@touch $@

# These environments are kept in $(CACHE) for all checkouts, each under the digest of its list.
.venv-clients/%: requirements/clients-%.txt FORCE
	@$(VENV)/bin/python requirements/clients.py $* $(CACHE)

FORCE:

tests/codex/node_modules/.installed: tests/codex/package-lock.json
	@echo "Installing Codex"
	@npm --prefix tests/codex ci --no-audit --no-fund --silent
	@touch $@

# The lists fit Python 3.11 to 3.14 on all systems, and hold hashes but no addresses.
COMPILE := build/uv/bin/uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet

lock: | build/uv/bin/uv
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --group test --constraint requirements/run.txt --output-file requirements/test.txt
	$(COMPILE) --group build --constraint requirements/test.txt --output-file requirements/build.txt
	for name in agents older aider; do \
		$(COMPILE) --group clients-$$name --output-file requirements/clients-$$name.txt || exit 1; done
	npm --prefix tests/node install --package-lock-only --omit-lockfile-registry-resolved
	npm --prefix tests/console install --package-lock-only --omit-lockfile-registry-resolved
	npm --prefix tests/codex install --package-lock-only --omit-lockfile-registry-resolved

build/uv/bin/uv:
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet uv==$(UV_VERSION)

clean:
	rm -rf .venv .venv-* build dist tests/node/node_modules tests/console/node_modules tests/codex/node_modules
