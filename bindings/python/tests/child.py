"""A program of `children/`, run beside the tests: what it does must not happen to pytest itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class Child:
    """A Python program in `children/`, fed with the connection URI through its environment."""

    def __init__(self, program: str, uri: str) -> None:
        """Starts it."""
        path = Path(__file__).with_name("children") / program
        self.process = subprocess.Popen(
            [sys.executable, "-u", str(path)],
            env={**os.environ, "TEST_URI": uri, "PYTHONPATH": str(Path(__file__).parent)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """The next line that it prints; empty at its end."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def finish(self) -> str:
        """What it still prints, once it has ended without an error."""
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors
        return output

    def close(self) -> None:
        """Ends it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
