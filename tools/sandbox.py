"""Starts and stops `redshift-sandbox serve`; the demo and the Python tests share it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import time
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

from project import SANDBOX, StepFailed

START_TIMEOUT_SECONDS = 60
STOP_TIMEOUT_SECONDS = 15


@dataclass(frozen=True, repr=False)
class Endpoint:
    """What the sandbox reports when it is ready."""

    host: str
    port: int
    database: str
    user: str
    password: str
    ca_file: str
    uri: str
    postgres_uri: str
    aws_endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str
    cluster_identifier: str
    workgroup: str
    serverless_host: str
    serverless_port: int
    sso_start_url: str
    sso_region: str
    sso_account_id: str
    sso_role_name: str
    home: str


class Sandbox:
    """A running sandbox, as a context manager; `endpoint` says how to reach it.

    The sandbox also ends when its standard input does, so that it cannot outlive a parent that was killed.
    """

    endpoint: Endpoint

    def __init__(self, *arguments: str) -> None:
        """Takes further arguments for `serve`, such as `--auth md5`."""
        program = os.environ.get("REDSHIFT_SANDBOX") or SANDBOX
        self._command = [str(program), "serve", *arguments]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Sandbox:
        """Starts it and waits for its one line of JSON."""
        if not Path(self._command[0]).is_file():
            raise StepFailed(f"{self._command[0]} does not exist; run `make build` first")
        # Its own session: Ctrl-C in the terminal reaches the parent alone, which stops it in order.
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            self.endpoint = self._ready()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops it; it removes all it made."""
        self._stop()

    def _ready(self) -> Endpoint:
        assert self._process is not None and self._process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        output = self._process.stdout
        text = b""
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not text.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise StepFailed(f"the sandbox was not ready within {START_TIMEOUT_SECONDS} s")
                # Past the buffer of the text layer, which select() cannot see into.
                chunk = os.read(output.fileno(), 65536)
                if not chunk:
                    status = self._process.wait(STOP_TIMEOUT_SECONDS)
                    raise StepFailed(
                        f"the sandbox ended with status {status} before it was ready; its messages are above"
                    )
                text += chunk
        values = json.loads(text)
        return Endpoint(**{field.name: values[field.name] for field in fields(Endpoint)})

    def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        self._process = None
        assert process.stdin is not None and process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        process.stdout.close()
