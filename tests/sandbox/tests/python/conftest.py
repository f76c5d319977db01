"""Starts the sandbox's binary for tests by clients that were not written for it.

REDSHIFT_SANDBOX_BIN names the binary; without it the release build is taken, then the debug build, from
CARGO_TARGET_DIR or the repository's target folder.
"""

import contextlib
import json
import os
import pathlib
import select
import subprocess

import pytest

START_DEADLINE_SECONDS = 90
STOP_DEADLINE_SECONDS = 30


def sandbox_binary():
    named = os.environ.get("REDSHIFT_SANDBOX_BIN")
    if named:
        return pathlib.Path(named)
    repository = pathlib.Path(__file__).resolve().parents[4]
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", repository / "target"))
    candidates = [target / profile / "redshift-sandbox" for profile in ("release", "debug")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    pytest.fail(f"no sandbox binary: build it (cargo build -p redshift-sandbox) or set REDSHIFT_SANDBOX_BIN; {candidates}")


@contextlib.contextmanager
def serving(*arguments):
    command = [str(sandbox_binary()), "serve", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            ready, _, _ = select.select([process.stdout], [], [], START_DEADLINE_SECONDS)
            line = process.stdout.readline() if ready else ""
            assert line, "the sandbox printed nothing"
            yield json.loads(line)
        finally:
            process.stdin.close()
            process.wait(timeout=STOP_DEADLINE_SECONDS)


@pytest.fixture(scope="module", params=["md5", "digest", "cleartext"])
def sandbox(request):
    with serving("--auth", request.param) as values:
        yield values
