# Everything a fresh machine needs beside Rust, a C++ compiler, make, and Python 3 with pip.
#
#   make run     set up, build, open the dashboard on the demo session (SESSION=NAME for another)
#   make test    set up, check formatting and lints, run every test
#   make test-without-libtorch    the tests of everything but the engine
CARGO ?= cargo
PYTHON ?= python3
# The Python whose pytorch-ood the detectors are measured beside.
OOD_PYTHON ?= $(PYTHON)
PREFIX ?= $(HOME)/.local
SESSION ?=
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: run build test test-without-libtorch setup bench demo-table demo-detectors docs data install uninstall clean help

run: build
	@$(TARGET)/release/odin $(SESSION)

build: setup
	@$(CARGO) build --workspace --release --locked

test: setup
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	ODIN_TEST_ENGINE=required $(CARGO) test --workspace --locked

# Everything but the engine, as on a machine that has no libtorch; tests of scoring are skipped, and say so.
test-without-libtorch:
	env -u LIBTORCH ODIN_TEST_ENGINE=absent $(CARGO) test --workspace --exclude odin-engine --locked

setup:
	@command -v $(CARGO) >/dev/null || { echo "error: no cargo: install Rust 1.89 or newer (https://rustup.rs)" >&2; exit 2; }
	@command -v $(PYTHON) >/dev/null || { echo "error: no $(PYTHON): Python 3.8 or newer with pip is needed for the set-up" >&2; exit 2; }
	@$(PYTHON) scripts/libtorch.py >/dev/null

# Speed: the metrics, the detectors beside pytorch-ood's where $(OOD_PYTHON) has that, the dashboard without a terminal and in
# one, and an ODIN pass beside PyTorch's where $(PYTHON) has torch. WEIGHTS=FILE and IMAGES=FILE (CIFAR-10's
# binary format) are optional; BENCH takes more arguments of scripts/bench.py. docs/performance.md has the results.
bench: build
	$(CARGO) bench --locked -p odin-metrics --bench metrics
	$(CARGO) bench --locked -p odin-detectors --bench knobs
	$(OOD_PYTHON) scripts/bench_detectors.py
	$(CARGO) bench --locked -p odin-tui --bench dashboard --bench terminal --bench knob_frames
	$(PYTHON) scripts/bench.py $(TARGET)/release/odin $(if $(WEIGHTS),--weights "$(WEIGHTS)") $(if $(IMAGES),--images "$(IMAGES)") $(BENCH)

# The README's table of the demo, measured anew.
demo-table: build
	@$(PYTHON) scripts/demo_table.py $(TARGET)/release/odin

# The README's table of detectors on the demo, measured anew.
demo-detectors: build
	@$(PYTHON) scripts/demo_detectors.py $(TARGET)/release/odin

# The references in docs/, from the types that read sessions and cards.
docs: build
	@$(TARGET)/release/odin reference docs

# Makes the demo's data again from public packages; the result is in the repository already.
data:
	$(PYTHON) scripts/make_data.py

# Copies the program with what it needs. A libtorch outside this checkout stays where it is and is used from there.
install: build
	mkdir -p "$(PREFIX)/bin" "$(PREFIX)/lib/odin" "$(PREFIX)/share/odin"
	install -m 755 $(TARGET)/release/odin $(TARGET)/release/odin-engine "$(PREFIX)/bin/"
	case "$$(realpath .libtorch/current)" in \
	  "$$(realpath .)"/*) cp -R .libtorch/current/lib/. "$(PREFIX)/lib/odin/" ;; esac
	cp -R models data sessions "$(PREFIX)/share/odin/"
	"$(PREFIX)/bin/odin" man "$(PREFIX)/share/man/man1" >/dev/null

uninstall:
	rm -rf "$(PREFIX)/bin/odin" "$(PREFIX)/bin/odin-engine" "$(PREFIX)/lib/odin" "$(PREFIX)/share/odin" "$(PREFIX)/share/man/man1/odin"*.1

# Leaves .libtorch/ (a large download) alone; `rm -r .libtorch` removes that too.
clean:
	$(CARGO) clean

help:
	@sed -n '/^#   make/s/^# *//p' Makefile
	@echo "make build · bench · demo-table · demo-detectors · docs · data · install · uninstall · clean"
