"""Stands between the driver and the sandbox's AWS side, and keeps the secrets that pass.

The sandbox records no secret, and the driver must not: only who listens knows what to search their outputs for.
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

#: Fields of requests and answers that nobody else may learn.
SECRETS = {
    "accessToken",
    "clientSecret",
    "code",
    "codeVerifier",
    "deviceCode",
    "refreshToken",
    "secretAccessKey",
    "sessionToken",
    "state",
}
#: Headers about one connection only.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}


class Wiretap:
    """A listening proxy for one upstream address, as a context manager."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        assert address.hostname and address.port
        #: What passed: the names of the fields, each with its values.
        self.heard: dict[str, set[str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.upstream = (address.hostname, address.port)  # type: ignore[attr-defined]
        self._server.hear = self._hear  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Wiretap:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Where to send what is meant for the upstream."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def _hear(self, body: bytes, location: str | None) -> None:
        for name, value in [*_in_body(body), *parse_qsl(urlsplit(location or "").query)]:
            if name in SECRETS or name == "DbPassword":
                self.heard.setdefault(name, set()).add(value)


class _Handler(BaseHTTPRequestHandler):
    def _pass_on(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection(*server.upstream, timeout=30)  # type: ignore[attr-defined]
        upstream.request(self.command, self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        for heard in (body, content):
            server.hear(heard, answer.getheader("Location"))  # type: ignore[attr-defined]
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    do_GET = do_POST = _pass_on  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _in_body(body: bytes) -> Iterator[tuple[str, str]]:
    """The fields of a body, JSON or XML, at any depth."""
    text = body.decode("utf-8", "replace")
    yield from re.findall(r"<(\w+)>([^<]+)</\1>", text)
    try:
        rest = [json.loads(text)]
    except ValueError:
        return
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            yield from ((name, text) for name, text in value.items() if isinstance(text, str))
            rest.extend(value.values())
