# SPDX-License-Identifier: GPL-3.0-or-later
# The commands of this checkout. `make` alone lists them.

PYTHON := .venv/bin/python
STEPS := lint types unit sanity artefact
SCENARIOS := $(patsubst molecule/%/molecule.yml,molecule-%,$(wildcard molecule/*/molecule.yml))

.DEFAULT_GOAL := help
BENCHMARKS := $(patsubst benchmarks/%.py,bench-%,$(shell grep -l __main__ benchmarks/*.py))

.PHONY: help demo demo-clean test test-long $(STEPS) molecule $(SCENARIOS) bench $(BENCHMARKS) setup pins clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile
	@echo "Molecule scenarios: $(SCENARIOS)"
	@echo "Benchmarks: $(BENCHMARKS)"

demo: ## Deploy the sample project into a container and print the address
	@tools/setup demo
	@$(PYTHON) tools/demo.py

demo-clean: ## Remove every trace of the demo: containers, images, state
	@tools/demo-clean

test: ## Everything: lint, types, unit, sanity, artefact, molecule
	@tools/setup test
	@$(PYTHON) tools/check.py $(STEPS) molecule

test-long: ## What takes too long for every change: all faults, more trees to collect, and the resolver beside nginx over many thousand URLs
	@tools/setup test
	@PYTHONPATH=.ansible/collections $(PYTHON) -m pytest -q -p no:cacheprovider tests/long
	@WEBOPS_ALL_FAULTS=1 $(PYTHON) tools/check.py molecule-faults molecule-drop_in

lint: ## ansible-lint (production), yamllint, ruff, documentation, changelog
types: ## mypy
unit: ## pytest
sanity: ## ansible-test sanity
artefact: ## Build the collection, and install it into an empty folder
molecule: ## All Molecule scenarios, two at a time
$(STEPS) molecule $(SCENARIOS):
	@tools/setup test
	@$(PYTHON) tools/check.py $@

bench: $(BENCHMARKS) ## All benchmarks, one after the other; see benchmarks/README.md
$(BENCHMARKS):
	@tools/setup test
	@$(PYTHON) benchmarks/$(@:bench-%=%).py

setup: ## Only install what the others need
	@tools/setup test

pins: ## Pin the development tools anew
	@tools/setup test
	@.venv/bin/uv pip compile --quiet --upgrade --system-certs --universal --python-version 3.11 --no-annotate --no-header \
	  tools/requirements-dev.in --output-file requirements-dev.txt

clean: demo-clean ## demo-clean, and remove the virtualenv and all caches
	@rm -rf .venv .ansible .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/output
