"""What the README's first screen has a newcomer do: the demo, and a query of their own."""

from __future__ import annotations

import sys

import project
import pytest
from sandbox import Endpoint
from support import DOCUMENTED_URI, output, snippets


@pytest.mark.timeout(300)
def test_the_demo_shows_data_and_every_login():
    shown = output(sys.executable, project.ROOT / "tools" / "demo.py")
    for words in ("336,776 rows", "user and password", "IAM, access keys", "SSO, profile", "Serverless, SSO", "IAMR:"):
        assert words in shown


def test_the_first_example_prints_a_data_frame(endpoint: Endpoint):
    example = snippets(project.ROOT / "README.md", "python")[0].values[0]
    assert DOCUMENTED_URI in example
    shown = output(sys.executable, "-c", example.replace(DOCUMENTED_URI, endpoint.uri))
    assert [line.split() for line in shown.splitlines()] == [
        ["n", "square"],
        ["0", "1", "1"],
        ["1", "2", "4"],
        ["2", "3", "9"],
    ]
