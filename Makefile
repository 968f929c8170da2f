# Every target only calls dev.py, which needs nothing but Python: `python3 dev.py demo` is the same.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,$(if $(shell command -v $(p) 2>/dev/null),$(p))))
ARGS ?=
SCHEDULES ?= 10000
ROUNDS ?= 20
SEED ?= 1

.PHONY: help demo test lint model chaos mutants fidelity run bench sandbox setup
help:
	@$(PYTHON) dev.py

model: ARGS = --schedules $(SCHEDULES) --seed $(SEED)
chaos: ARGS = --rounds $(ROUNDS) --seed $(SEED)

demo test lint model chaos mutants fidelity run bench sandbox setup:
	@$(PYTHON) dev.py $@ $(ARGS)
