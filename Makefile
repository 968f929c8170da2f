# Every target only calls dev.py, which needs nothing but Python: `python3 dev.py demo` is the same.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,$(if $(shell command -v $(p) 2>/dev/null),$(p))))
ARGS ?=
SCHEDULES ?= 10000
ROUNDS ?= 20
KILLS ?= 300
SEQUENCES ?= 2000
SEED ?= 1

.PHONY: help demo test lint model chaos kill properties soak mutants fidelity run bench sandbox setup
help:
	@$(PYTHON) dev.py

model: ARGS = --schedules $(SCHEDULES) --seed $(SEED)
chaos: ARGS = --rounds $(ROUNDS) --seed $(SEED)
kill: ARGS = --rounds $(KILLS) --seed $(SEED)
properties: ARGS = --sequences $(SEQUENCES) --seed $(SEED)

demo test lint model chaos kill properties soak mutants fidelity run bench sandbox setup:
	@$(PYTHON) dev.py $@ $(ARGS)
