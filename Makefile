# `make demo` and `make test` work from a clean clone with Rust, a C compiler and Python 3.9 or later.
# What each step needs is installed by tools/prepare.py, which says so.

PYTHON ?= python3
PREPARE := $(PYTHON) tools/prepare.py

.PHONY: help demo test asan bench build wheel install uninstall lint header clean

help:
	@echo 'make demo     build, start the local sandbox, log in, and run real queries on real data'
	@echo 'make test     run all tests: Rust, then Python through the release library'
	@echo 'make asan     look for memory errors with AddressSanitizer and Valgrind'
	@echo 'make bench    measure the driver beside other drivers; writes docs/performance.md (about 25 minutes)'
	@echo 'make build    build the driver library and the sandbox (release)'
	@echo 'make wheel    make the Python wheel (manylinux2014) and source archive in build/dist'
	@echo 'make install  install library, header, pkg-config, CMake package and driver manifest (PREFIX, DESTDIR)'
	@echo 'make lint     formatting, lints, documentation, licences'
	@echo 'make header   regenerate include/adbc_driver_redshift.h'
	@echo 'make clean    remove everything that was built'

demo:
	@$(PREPARE) postgresql demo build package
	@build/venv/bin/python tools/demo.py

test:
	@$(PREPARE) postgresql browser compilers test tools
	@tools/test.sh

asan:
	@$(PREPARE) postgresql valgrind build
	@tools/asan.sh

bench:
	@$(PREPARE) postgresql
	@$(PYTHON) benches/run.py

build:
	@$(PREPARE) build

wheel:
	@$(PREPARE) wheel

# Neither builds, so that `make && sudo make install` leaves no file of root's behind.
install uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' $(PYTHON) tools/install.py $@

lint:
	@$(PREPARE) lint cargo-deny
	@tools/lint.sh

# The test that compares the header writes it instead when told so.
header:
	UPDATE_HEADER=1 cargo test --quiet --lib ffi::header

clean:
	cargo clean
	rm -rf build
