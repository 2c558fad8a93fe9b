# Everything starts here. `make study` on a machine with Python 3.11, git and make is enough.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
VALIDATOR := $(VENV)/validator
CORES ?= all
PROFILE ?= profiles/default
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# The longest chain starts first. Not in the profiles: it would make the tower a target of every command.
SNAKEMAKE := snakemake --profile $(PROFILE) --prioritize train_tower --cores $(CORES)

.PHONY: study full quick broken audit crate report prefetch_envs test test-conda test-conda-short lint clean setup rulegraph

study: setup ## the default study, to results/paper/paper.pdf
	$(SNAKEMAKE)

full: setup ## the same with three training runs of every system; goes on from the results of `make study`
	$(SNAKEMAKE) --configfile config/full.yaml

broken: setup ## a negative control: the default study with permuted labels, to results/broken
	$(SNAKEMAKE) --configfile config/broken.yaml

quick: setup ## the smallest real run, to results/quick/paper/paper.pdf
	$(SNAKEMAKE) --configfile config/quick.yaml

audit: setup ## does every number still follow from the raw data?
	emovlm audit

crate: setup ## what may be shared, with its provenance, to results/provenance/crate.zip
	emovlm crate

report: setup ## figures and tables with captions on one page, to results/report.html
	$(SNAKEMAKE) --report results/report.html

prefetch_envs: setup ## the conda environments of PROFILE (profiles/conda if not given), while there is a network
	snakemake --profile $(PROFILE:profiles/default=profiles/conda) --cores $(CORES) --conda-create-envs-only

test: setup $(VALIDATOR)/.ready ## all tests; the quick study is one of them
	pytest

test-conda: setup ## the quick study in environments that a real conda makes; both stay in .venv/conda
	pytest tests/conda

test-conda-short: setup ## one figure, in two of these environments
	pytest tests/conda/test_one_figure.py

lint: setup ## format and style of Python and Snakemake files
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

rulegraph: setup ## the README's picture of the rules; needs graphviz
	snakemake --rulegraph dot --forceall | dot -Tpng -Gdpi=70 -Gbgcolor=white -o docs/img/rulegraph.png

clean: ## remove everything generated, but not the virtual environment
	find results -mindepth 1 ! -name README.md -delete
	rm -rf .snakemake

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "emovlm needs Python 3.11; name one: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VALIDATOR)/.ready: tests/validator/requirements.txt
	$(PYTHON) -m venv $(VALIDATOR)
	$(VALIDATOR)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	touch $@
