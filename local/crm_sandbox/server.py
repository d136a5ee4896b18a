"""The sandbox's HTTP server: one thread for each connection, kept alive; faces, control and the page behind it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from local.crm_sandbox import control, hubspot, misbehaviour, page, salesforce
from local.crm_sandbox.calls import Calls
from local.crm_sandbox.exchange import Request, Response
from local.crm_sandbox.faults import Fault, Faults, Kind
from local.crm_sandbox.store import Store

Face = Callable[[Store, Request, Fault | None], Response]
FACES: dict[str, Face] = {"hubspot": hubspot.answer, "salesforce": salesforce.answer}
_ROOTS = {"crm": "hubspot", "account-info": "hubspot", "services": "salesforce"}
MOST_BYTES = 20 * 1024 * 1024


class Sandbox(ThreadingHTTPServer):
    """Port 0: any free one. `with Sandbox(…) as sandbox:` serves until the block ends."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int = 0, folder: Path | None = None) -> None:
        self.store = Store(folder)
        self.faults = Faults()
        self.calls = Calls()
        self.stopping = threading.Event()
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Stop answering; everything is saved then."""
        self.stopping.set()
        self.server_close()
        self.store.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is its own affair; anything else is a bug, and shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Sandbox

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - name of the base class
        """Say nothing: calls are counted, and shown by `/_control/calls`."""

    def _serve(self) -> None:
        if int(self.headers.get("content-length") or 0) > MOST_BYTES:
            self.send_error(413)
            self.close_connection = True
            return
        crm, request = self._request()
        if crm not in FACES:
            self._send(self._own(request), None)
            return
        call = self.server.calls.begin(crm, request)
        fault = self.server.faults.strike(crm, request.path)
        if misbehaviour.before(fault, self.server.stopping):
            self.close_connection = True
            return
        if fault is not None and fault.kind is Kind.GARBAGE:
            response = Response(page="<html>We will be back soon.</html>")
        else:
            response = FACES[crm](self.server.store, request, fault)
        call["status"] = response.status
        self._send(response, fault)

    def _own(self, request: Request) -> Response:
        if request.parts[:1] == ["_control"]:
            return control.answer(self.server.store, self.server.faults, self.server.calls, request)
        if request.path == "/":
            return Response(page=page.render(self.server.store))
        return Response(status=404, content={"message": "there is /, /hubspot, /salesforce and /_control"})

    def _request(self) -> tuple[str, Request]:
        parts = urlsplit(self.path)
        path = unquote(parts.path) or "/"
        first = path.split("/")[1]
        prefix = f"/{first}" if first in FACES else ""
        crm = first if prefix else _ROOTS.get(first, "")
        length = int(self.headers.get("content-length") or 0)
        return crm, Request(
            method=self.command,
            path=path.removeprefix(prefix) or "/",
            query={
                key: ",".join(values) for key, values in parse_qs(parts.query, keep_blank_values=True).items()
            },
            headers={name.lower(): value for name, value in self.headers.items()},
            raw=self.rfile.read(length) if length else b"",
            prefix=prefix,
        )

    def _send(self, response: Response, fault: Fault | None) -> None:
        body = response.raw
        kind = "text/html; charset=utf-8" if response.page else "application/json"
        self.send_response(response.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        head = b"".join(getattr(self, "_headers_buffer", [])) + b"\r\n"
        self._headers_buffer: list[bytes] = []
        with suppress(ConnectionError):
            alive = misbehaviour.send(self.wfile, head, body, fault, self.server.stopping)
            if alive:
                return
        self.close_connection = True
