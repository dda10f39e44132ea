"""Runs the server until SIGTERM."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn
from fastapi import FastAPI
from psycopg import sql
from psycopg.conninfo import make_conninfo

from stanchion.access.logins import create_login, drop_left_over, drop_login
from stanchion.errors import StanchionError
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.serve.app import Log, make_app
from stanchion.serve.crowd import most_connections
from stanchion.serve.protocol import protocols
from stanchion.serve.settings import Settings
from stanchion.server.connection import Connection, connect, require_deployed, value
from stanchion.server.locate import Server

_MARK = "Temporary login of stanchion serve."
_BACKLOG = 1024
_SEND_BUFFER = 64 * 1024  # bytes


@contextmanager
def login_of(server: Server) -> Iterator[str]:
    """Yield the connection string of a login that can only become stanchion_app.

    The embedded server has only the login of its superuser. There a login is created, and dropped at the end.
    """
    if not server.embedded:
        require_narrow(server)
        yield server.dsn
        return
    with connect(server) as admin, temporary_login(server, admin) as dsn:
        yield dsn


@contextmanager
def temporary_login(server: Server, admin: Connection) -> Iterator[str]:
    """Yield the connection string of a login that can only become stanchion_app, and drop the login at the end."""
    require_deployed(admin)
    drop_left_over(admin, _MARK)
    name = f"stanchion_serve_{admin.info.backend_pid}"
    with admin.transaction():
        password = create_login(admin, name, "stanchion_app")
        admin.execute(sql.SQL("comment on role {} is {}").format(sql.Identifier(name), sql.Literal(_MARK)))
    try:
        yield make_conninfo(server.dsn, user=name, password=password)
    finally:
        drop_login(admin, name)


def require_narrow(server: Server) -> None:
    """Raise StanchionError unless the login of the server has no other right than to become stanchion_app."""
    with connect(server, needs_session=False) as conn:
        rights = value(conn, query("serve", "rights_of_login"))
        reason = f"must have no other right than to become stanchion_app, but {rights}" if rights else None
        if reason is None and not value(conn, query("serve", "is_application")):
            reason = "cannot become stanchion_app"
        if reason is not None:
            raise StanchionError(
                f"The login {conn.info.user} {reason}; create a login and use it: stanchion login add web --as app"
            )
        require_deployed(conn)


def listen(host: str, port: int, *, shared: bool) -> socket.socket:
    """Return a socket that listens. With `shared`, several processes may have the same port."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # asyncio turns off the delay of small packets only for sockets that name the protocol: 40 ms for each answer
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # a small buffer, so that a client that does not read is seen, and holds little memory of the system
        found.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        found.bind((host, port))
    except OSError as e:
        raise StanchionError(f"The port {port} of {host} cannot be used: {e.strerror or e}.") from None
    found.set_inheritable(True)
    return found


class _Server(uvicorn.Server):
    """A server that calls `ready` once it accepts connections, and ends its live streams before it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.live.hub.shut_down()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def serve(
    settings: Settings,
    bound: socket.socket,
    report: Report,
    log: Log | None = None,
    extend: Callable[[FastAPI], None] = lambda _: None,
) -> None:
    """Serve until SIGTERM or Ctrl-C. Requests that run get `grace_seconds` to end. `extend` changes the application."""
    host, port = bound.getsockname()[:2]
    app = make_app(replace(settings, port=port, clients=min(settings.clients, most_connections())), log)
    extend(app)
    http, socket_ = protocols(app.state.crowd)
    config = uvicorn.Config(
        app,
        http=http,
        ws=socket_,
        forwarded_allow_ips=list(settings.proxies),
        ws_per_message_deflate=False,  # a frame is made once for all of its clients
        loop="auto",  # uvloop where it is installed
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=settings.grace_seconds,
    )
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
    _Server(config, lambda: report(f"serving {address}")).run(sockets=[bound])
