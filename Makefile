# Everything starts here. `make study` on a machine with Python 3.11, git and make is enough.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
VALIDATOR := $(VENV)/validator
DOCS := $(VENV)/docs
BROWSER := $(VENV)/.browser
PROSE := $(VENV)/prose
PROFILE ?= profiles/default
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
SNAKEMAKE := snakemake --workflow-profile $(PROFILE) $(if $(CORES),--cores $(CORES))
# The longest chain starts first. Not in the profiles: it adds the chain to whatever is asked for.
STUDY := $(SNAKEMAKE) --prioritize train_tower
made = echo "the paper: $(1)/paper/paper.pdf; to look around: $(1)/explorer/index.html"

.PHONY: study full quick broken paper-study doctor cost resume prefetch_envs prefetch_weights audit crate report \
	calibrate benchmark test test-broken test-faults test-faults-short test-paper test-conda test-conda-short test-cluster test-cluster-short \
	test-install lint lint-prose envs hashes docs clean setup rulegraph help

study: setup ## the default study, to results/paper/paper.pdf
	$(STUDY)
	@$(call made,results)

full: setup ## the study that decides: four training runs of every system on three vision towers, twice the test clips
	$(STUDY) --configfile config/full.yaml
	@$(call made,results)

broken: setup ## a negative control: the default study with permuted labels, to results/broken
	$(STUDY) --configfile config/broken.yaml

quick: setup ## the smallest real run, to results/quick/paper/paper.pdf
	$(STUDY) --configfile config/quick.yaml
	@$(call made,results/quick)

paper-study: setup ## the paper's own systems and datasets, as in: make paper-study PROFILE=profiles/slurm; see docs/how-to/paper-study.md
	emovlm doctor --configfile config/paper.yaml
	$(STUDY) --configfile config/paper.yaml

doctor: setup ## can the study run here? as in: make doctor CONFIG=config/paper.yaml
	emovlm doctor $(if $(CONFIG),--configfile $(CONFIG))

cost: setup ## what the study takes: tokens, GPU hours, disk
	emovlm cost $(if $(CONFIG),--configfile $(CONFIG))

resume: setup ## go on after Snakemake was killed, as in: make resume PROFILE=profiles/slurm CONFIG=config/full.yaml
	emovlm resume -- --workflow-profile $(PROFILE) $(if $(CONFIG),--configfile $(CONFIG))

prefetch_envs: setup ## make the conda environments of PROFILE (profiles/conda if not given), while there is a network
	snakemake --workflow-profile $(PROFILE:profiles/default=profiles/conda) --conda-create-envs-only

prefetch_weights: setup ## fetch what the study needs from outside; the jobs need no network then
	$(SNAKEMAKE) $(if $(CONFIG),--configfile $(CONFIG)) prefetch_weights

audit: setup ## does every number still follow from the raw data?
	emovlm audit

crate: setup ## what may be shared, with its provenance, to results/provenance/crate.zip
	emovlm crate

report: setup ## figures and tables with captions on one page, to results/report.html
	$(SNAKEMAKE) --report results/report.html

test: setup docs $(VALIDATOR)/.ready $(PROSE)/.ready $(BROWSER) ## all tests; the quick study is one of them; installs Chromium and ffmpeg on a Debian without
	tests/packages.sh browser
	tests/packages.sh video
	OMP_NUM_THREADS=1 pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/contracts tests/unit
	pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/workflow tests/browser

test-faults: setup ## kills, broken videos, full disks, other machines' settings, files that mean harm (half an hour)
	tests/packages.sh video
	pytest tests/faults

test-faults-short: setup ## the same without whole studies, and with one broken video in ten
	tests/packages.sh video
	EMOVLM_FAULTS_EVERY=10 pytest --numprocesses 2 --dist loadfile -m "not whole_study" tests/faults

test-broken: setup ## a small study with permuted labels: nothing about a model may be supported
	pytest tests/broken

test-paper: setup ## every row of the paper's study, at toy size, in every condition
	pytest tests/paper

test-install: setup ## docs/tutorials/evaluating.md word for word: pip install into an empty environment, then evaluate there (needs a network)
	pytest tests/install

test-conda: setup ## the quick study in environments that a real conda makes; both stay in .venv/conda
	pytest tests/conda

test-conda-short: setup ## one figure, in two of these environments
	pytest tests/conda/test_one_figure.py

test-cluster: setup ## the quick study, changes and faults on a real SLURM of this machine: needs root and Debian, installs packages
	tests/packages.sh slurm
	pytest tests/cluster

test-cluster-short: setup ## its first few jobs, without conda
	tests/packages.sh slurm
	pytest tests/cluster/test_short.py

calibrate: setup ## how often do the tests and intervals err? Simulated studies; tables go to docs/explanation/statistics.md (a quarter of an hour)
	PYTHONPATH=. python benchmarks/statistics_calibration.py --write docs/explanation/statistics.md
	PYTHONPATH=. python benchmarks/correlation_calibration.py --write docs/explanation/statistics.md
	PYTHONPATH=. python benchmarks/design_power.py --write docs/explanation/statistics.md

benchmark: setup ## speed and memory beside other tools, to docs/reference/benchmarks.md, half an hour; one alone: ONLY=decode_speed
	PYTHONPATH=src:.:$(PYTHONPATH) python -m benchmarks $(ONLY)

lint: setup ## format and style of Python and Snakemake files, and of prose
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint
	$(MAKE) --no-print-directory lint-prose QUIET=--quiet

# The pages to check: all that git knows.
PAGES ?= $(shell git ls-files '*.md')
lint-prose: $(PROSE)/.ready ## style of Markdown files, with advice; errors alone: QUIET=--quiet; some files: PAGES="..."
	@$(PROSE)/lint.sh $(QUIET) $(PAGES)

envs: setup ## the packages of envs/*.yaml anew, after an import or a version in requirements.txt has changed
	PYTHONPATH=src python workflow/environments.py

hashes: setup ## requirements.hashes.txt anew, after a version in requirements.txt has changed; needs a network
	PYTHONPATH=src:. python workflow/hashes.py

docs: $(DOCS)/.ready ## the documentation site, to docs/_build/html; a broken link is an error
	$(DOCS)/bin/sphinx-build --fail-on-warning --keep-going --doctree-dir docs/_build/doctrees docs docs/_build/html

rulegraph: setup ## the README's picture of the rules; needs graphviz
	snakemake --rulegraph dot --forceall | dot -Tpng -Gdpi=70 -Gbgcolor=white -o docs/img/rulegraph.png

help: ## this list
	@grep -hE '^[a-z_-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

clean: ## remove everything generated, but not the virtual environment
	find results -mindepth 1 ! -name README.md -delete
	rm -rf .snakemake docs/_build

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.txt requirements.hashes.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info[:2] == (3, 11) else "emovlm needs Python 3.11; name one: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.hashes.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VALIDATOR)/.ready: tests/validator/requirements.txt
	$(PYTHON) -m venv $(VALIDATOR)
	$(VALIDATOR)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	touch $@

# Node.js comes from a Python package, so that nothing has to be installed on the system.
$(PROSE)/.ready: $(wildcard tests/prose/*.* tests/prose/preset/*)
	$(PYTHON) -m venv $(PROSE)
	$(PROSE)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement tests/prose/requirements.txt
	cp -r tests/prose/. $(PROSE)
	cd $(PROSE) && PATH=$$PWD/bin:$$PATH npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(DOCS)/.ready: docs/requirements.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	touch $@

$(BROWSER): tests/browser/requirements.txt $(VENV)/.ready
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	touch $@
