# Every target only calls dev.py, which needs nothing but Python: `python3 dev.py demo` is the same.
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11 python,$(if $(shell command -v $(p) 2>/dev/null),$(p))))
ARGS ?=
SCHEDULES ?= 10000
SEED ?= 1

.PHONY: help demo test lint model run bench sandbox setup
help:
	@$(PYTHON) dev.py

model: ARGS = --schedules $(SCHEDULES) --seed $(SEED)

demo test lint model run bench sandbox setup:
	@$(PYTHON) dev.py $@ $(ARGS)
