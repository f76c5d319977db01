"""What a fork does to an open connection."""

from __future__ import annotations

from collections.abc import Callable

from child import Child


def test_a_child_is_refused_and_the_parent_goes_on(child: Callable[[str], Child]):
    assert child("forked.py").finish().split() == ["child", "0", "parent", "1"]
