# Build, check and test actgen. `make` alone lists the targets.

PYTHON ?= python3
VENV ?= .venv
NAME ?= gelu
STAGE ?= lowered

CUDA ?= cuda13

BIN := $(VENV)/bin
GPU_VENV := .venv-$(CUDA)
INSTALLED := $(VENV)/.installed
JOBS := $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores > 8 ? 8 : cores)))

.DEFAULT_GOAL := help
.PHONY: help generate test test-gpu lint check show docs bench bench-compiler bench-gpu accuracy wheel clean .typetree

help:  ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

generate: $(INSTALLED)  ## Compile every spec into generated/, then call a few of the new kernels.
	@$(BIN)/actgen generate
	@$(BIN)/python -m actgen.demo

test: $(INSTALLED)  ## Run the test suite.
	@$(BIN)/python -m pytest -n $(JOBS)

test-gpu: $(GPU_VENV)/.installed  ## Run the tests that need an NVIDIA GPU; with an older driver, CUDA=cuda12.
	@$(GPU_VENV)/bin/python -m pytest tests/gpu -m gpu $(ARGS)

lint: $(INSTALLED) .typetree  ## Check style and types.
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy -p actgen

check: $(INSTALLED)  ## Fail if generated/ is not what the specs compile to.
	@$(BIN)/actgen check

show: $(INSTALLED)  ## Print a stage of one activation: make show NAME=gelu STAGE=lowered.
	@$(BIN)/actgen show $(NAME) --stage $(STAGE)

docs: $(INSTALLED)  ## Bring the pages in generated/docs/ up to date.
	@$(BIN)/actgen generate
	@echo "start at generated/docs/index.md"

bench: $(INSTALLED)  ## Measure the kernels beside other libraries: make bench ARGS=--quick.
	@$(BIN)/python -m benchmarks.bench $(ARGS)

bench-compiler: $(INSTALLED)  ## Measure the compiler, and how soon new processes answer.
	@$(BIN)/python -m benchmarks.compiler $(ARGS)

bench-gpu: $(GPU_VENV)/.installed  ## Measure the kernels for GPUs beside PyTorch: make bench-gpu ARGS=--quick.
	@$(GPU_VENV)/bin/python -m benchmarks.gpu $(ARGS)

accuracy: $(INSTALLED)  ## Measure the errors of all kernels: make accuracy ARGS=--exhaustive.
	@$(BIN)/python -m benchmarks.accuracy $(ARGS)

wheel: $(INSTALLED)  ## Build wheel and sdist into dist/.
	@rm -rf build dist
	@$(BIN)/python -m build --no-isolation --outdir dist .

clean:  ## Remove what can be made again; generated/ and the environment stay.
	@rm -rf build dist .typetree .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find $(wildcard codegen generated runtime spec tests benchmarks) -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "$(PYTHON) not found: install Python 3.11 or newer, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "actgen needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V); name another:" \
	    "make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@mkdir -p generated/cpu
	@echo "installing actgen and its tools into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

# PyTorch and one version of CUDA: an environment of their own, some gigabytes.
$(GPU_VENV)/.installed: pyproject.toml
	@$(PYTHON) -m venv $(GPU_VENV)
	@mkdir -p generated/cpu
	@echo "installing actgen, PyTorch and the compilers of $(CUDA) into $(GPU_VENV)"
	@$(GPU_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$(CUDA),gpu]'
	@touch $@

# Type checkers do not follow the mapping of import names to folders; a tree of links shows it.
.typetree:
	@rm -rf .typetree && mkdir -p .typetree/actgen
	@cd .typetree/actgen && ln -s ../../runtime/* ../../codegen ../../generated ../../spec .
