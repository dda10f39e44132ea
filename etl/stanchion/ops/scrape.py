"""An HTTP server on the loopback address that Prometheus reads metrics from."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stanchion.errors import StanchionError
from stanchion.ops.metrics import CONTENT_TYPE

ADDRESS = "127.0.0.1"
PATH = "/metrics"
_PATIENCE = 10  # seconds for a client to send its request and to read the answer


@contextmanager
def serving(port: int, read: Callable[[], str]) -> Iterator[int]:
    """Serve the text that `read` returns, in another thread, and yield the port. With port 0, the system chooses one.

    One scrape at a time reads the database; others wait for it.
    """
    turn = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != PATH:
                self.send_error(404, f"The metrics are at {PATH}")
                return
            with turn:
                body = read().encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write no line for a scrape."""

    try:
        server = ThreadingHTTPServer((ADDRESS, port), Handler)
    except OSError as e:
        raise StanchionError(f"The port {port} of {ADDRESS} cannot be used: {e.strerror}.") from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
