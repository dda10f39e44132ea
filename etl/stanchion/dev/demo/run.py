"""Serves the demonstration: its site, its streams, and the game that is played."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import psycopg
from fastapi import FastAPI

from stanchion.access.reader import open_tenant
from stanchion.cluster.home import for_tenant_at_home
from stanchion.dev.demo import COMPETITION, TENANT
from stanchion.dev.demo.door import Door
from stanchion.dev.demo.game import Games
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.report.site import names
from stanchion.report.site.build import build_site
from stanchion.serve.run import listen, serve, temporary_login
from stanchion.serve.settings import Settings
from stanchion.server.connection import Connection, find_tenant
from stanchion.server.locate import Server

_HOST = "127.0.0.1"
_AFTER_ERROR = 1.0  # seconds


@contextmanager
def prepared_demo(
    server: Server, conn: Connection, port: int, games: Callable[[str, str], Games], report: Report, warn: Report
) -> Iterator[Callable[[], None]]:
    """Yield a function that serves until SIGTERM or Ctrl-C. `games` returns the games for a login and a tenant."""
    tenant_id = find_tenant(conn, TENANT)
    with (
        listen(_HOST, port, shared=False) as bound,
        temporary_login(server, conn) as dsn,
        tempfile.TemporaryDirectory(prefix="stanchion-demo-") as folder,
    ):
        with for_tenant_at_home(conn, TENANT) as acting:
            acting.conn.execute(query("dev/demo", "prepare").encode())
        with open_tenant(server, conn, TENANT) as (reader, tenant):
            build_site(reader, tenant, Path(folder), None, COMPETITION)
        port = bound.getsockname()[1]
        settings = Settings(
            dsn=dsn,
            port=port,
            audience="stanchion demo",
            jwt_secret=secrets.token_hex(32),
            anonymous=False,
            pages=Path(folder),
        )
        address = f"The season is at http://{_HOST}:{port}/pages/{names.LIVE} until Ctrl-C."
        with _played(games(dsn, str(tenant_id)), warn):
            yield partial(
                serve, settings, bound, lambda _: report(address), extend=partial(_add_door, settings, tenant_id)
            )
    with for_tenant_at_home(conn, TENANT) as acting:
        acting.conn.execute(query("dev/demo", "end_confirmations").encode())


@contextmanager
def _played(games: Games, warn: Report) -> Iterator[None]:
    """Play games in a thread of their own until the end of the body. An error is reported, and the game goes on."""
    stop = Event()

    def play() -> None:
        while not stop.is_set():
            try:
                games.play(stop)
            except psycopg.Error as e:
                reason = str(e).strip().partition("\n")[0]
                warn(f"The game waits for the database: {reason}")
            stop.wait(_AFTER_ERROR)

    thread = Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        with suppress(psycopg.Error):  # without the database there is nothing to withdraw now
            games.withdraw()


def _add_door(settings: Settings, tenant_id: UUID, app: FastAPI) -> None:
    hosts = [f"{name}:{settings.port}".encode() for name in (_HOST, "localhost")]
    app.add_middleware(Door, settings=settings, tenant_id=tenant_id, hosts=hosts)
