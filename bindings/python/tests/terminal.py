"""A terminal that a test writes to and reads, by tmux."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from types import TracebackType

from support import wait_until

COLUMNS, LINES = 150, 45


class Terminal:
    """A terminal of its own, with a home folder of its own, as a context manager."""

    def __init__(self, home: Path) -> None:
        self._tmux = ["tmux", "-u", "-f", "/dev/null", "-S", str(home / "tmux")]
        # Whatever the tester's own terminal and settings are.
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        self._environment = {**kept, "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm-256color"}

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what runs in it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)

    def start(self, *command: str) -> None:
        """Starts a program; what it wrote stays on the screen when it ends."""
        size = ("-x", str(COLUMNS), "-y", str(LINES))
        self._run("new-session", "-d", *size, shlex.join(command), ";", "set-option", "-g", "remain-on-exit", "on")

    def paste(self, text: str) -> None:
        """Pastes text: it comes whole, and no completion takes part in it."""
        self._run("set-buffer", "--", text, ";", "paste-buffer", "-p")

    def press(self, key: str) -> None:
        """Presses one key by its name, such as `C-j`."""
        self._run("send-keys", key)

    def screen(self) -> str:
        """What the terminal shows."""
        return self._run("capture-pane", "-p")

    def wait_for(self, pattern: str, *, gone: bool = False, seconds: float = 60) -> None:
        """Waits until the screen matches the pattern, or no longer does.

        Raises:
            AssertionError: it did not within the time; the message holds the screen.
        """
        try:
            wait_until(
                lambda: bool(re.search(pattern, self.screen())) != gone, f"'{pattern}' is shown or gone", seconds
            )
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.screen()}") from None

    def _run(self, *command: str) -> str:
        words = [*self._tmux, *command]
        return subprocess.run(words, env=self._environment, check=True, capture_output=True, text=True).stdout
