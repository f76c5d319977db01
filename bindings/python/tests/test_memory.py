"""A result is streamed, not collected."""

from __future__ import annotations

import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(300)
def test_streaming_a_gigabyte_takes_less_than_64_mb(child):
    program = child("gigabyte.py")
    rows, size, grown_kib = map(int, program.line().split())
    program.finish()
    assert rows == 1_000_000
    assert size > 1_000_000_000
    assert grown_kib < 64 * 1000
