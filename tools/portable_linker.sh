#!/bin/sh
# Links as `cc` does, but against the symbols of glibc 2.17, so that the library loads on every Linux that
# manylinux2014 stands for. Expects what `tools/prepare.py wheel` installs, in PATH.
exec cargo-zigbuild zig cc -- -target "$(uname -m)-linux-gnu.2.17" "$@"
