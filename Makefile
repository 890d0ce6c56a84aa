# Everything here works on a machine with Python 3.11 to 3.13, g++, make and a package index.
#   make lenet      train LeNet on the digits, pictures in runs/lenet
#   make test       the tests (what CI runs)
#   make test-slow  those marked slow
#   make watched    the kernels' tests on the device that checks every access
#   make test-asan, make test-tsan   the kernels, CPU and CUDA, under the compiler's sanitizers
#   make test-wide  the kernels with AVX-512's vector width, on a CPU that has AVX2
#   make lint       formatter, linter, type checker
#   make bench      the benchmarks, beside whatever peers are installed
#   make clean      remove .venv and what was built
# PYTHON=python3.12 make ... takes another interpreter.

# MINITORCH_CUDA=1 make ... compiles the CUDA kernels by nvcc as well, for a machine with a GPU.

PYTHON ?= python3
export MINITORCH_CUDA ?= 0
VENV   := .venv
RUN    := $(VENV)/bin/python
comma  := ,
SOURCES := pyproject.toml setup.py $(shell find csrc -type f 2>/dev/null)

.DELETE_ON_ERROR:
.PHONY: lenet test test-slow watched test-asan test-tsan test-wide lint bench clean

$(RUN):
	$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if (3, 11) <= v < (3, 14) else f"minitorch needs Python 3.11 to 3.13, {sys.executable} is {v[0]}.{v[1]}; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# A stamp per set of extras; editable, so that the tests import what is edited.
$(VENV)/.with-%: $(SOURCES) | $(RUN)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[$(subst +,$(comma),$*)]'
	@touch $@

# What the tests have brought is enough, and compiling takes minutes.
lenet: $(firstword $(wildcard $(VENV)/.with-test+examples) $(VENV)/.with-examples)
	$(RUN) -m minitorch train lenet --out runs/lenet

# Two workers; one thread each, so that they do not get in each other's way.
test: $(VENV)/.with-test+examples
	OMP_NUM_THREADS=1 $(RUN) -m pytest -q -n 2

test-slow: $(VENV)/.with-test+examples
	$(RUN) -m pytest -q -m slow

# Kernels compiled so that each load and store is checked: slow, and no part of an installation.
watched: $(VENV)/.with-test+examples
	MINITORCH_WATCH=1 $(RUN) setup.py build_ext --inplace
	OMP_NUM_THREADS=1 $(RUN) -m pytest -q -n 2 tests/cuda/test_faults.py tests/cuda/test_lint.py
	MINITORCH_TEST_DEVICE=_emulated_watched OMP_NUM_THREADS=1 $(RUN) -m pytest -q -n 2 tests/cuda

test-asan test-tsan: $(VENV)/.with-test+examples
	OMP_NUM_THREADS=1 $(RUN) -m pytest -q -m slow tests/native/test_sanitizers.py tests/cuda/test_sanitizers.py -k $(if $(findstring asan,$@),address,thread)

test-wide: $(VENV)/.with-test+examples
	OMP_NUM_THREADS=1 $(RUN) -m pytest -q -m slow tests/native/test_wide.py

lint: $(VENV)/.with-lint
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	@if [ -x $(VENV)/bin/clang-format ]; then \
	    find csrc -type f ! -name '*.md' ! -name '*.py' | xargs $(VENV)/bin/clang-format --dry-run --Werror; \
	else echo "clang-format is not installed, csrc is not checked"; fi

bench: $(VENV)/.with-examples
	$(RUN) -m benchmarks engine
	$(RUN) -m benchmarks lenet
	$(RUN) -m benchmarks layers
	$(RUN) -m benchmarks cpu

clean:
	rm -rf $(VENV) build dist *.egg-info minitorch/_cpu* minitorch/_emulated* minitorch/_cuda*
