"""Measure live streams: python -m tests.serve.live.load [--subscribers N] [--rate N] [--seconds N] [--all] [--kill]

Players of 100 fixtures change scores at the given rate, and each subscriber follows one fixture, or all with --all.
With --kill the server process is killed in the middle and started again. With --beside another process serves the
same port, and the clients of the killed one connect to it instead. The report contains the delay from the time that
the database gave an event to its arrival, lost and doubled events, and the processor time of each program: all of
them share the machine. With --all, one subscriber in fifty parses its messages. Of the others the number of bytes is
compared with that of a subscriber that parses.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
import psycopg

from stanchion.dev.bench.load import find_pgbench, run
from stanchion.dev.bench.scratch import scratch_database
from stanchion.server.locate import Server
from tests.serve.web import serving, token
from tests.sql.fuzz import temporary_server
from tests.workspace.team import add_members

_BUFFER = bytearray(1 << 20)  # of what one subscriber receives at once
_VIEW = memoryview(_BUFFER)


@dataclass
class Tally:
    """The deliveries to the subscribers of one process."""

    delays: list[float] = field(default_factory=list)
    gaps: int = 0
    doubled: int = 0
    connects: int = 0
    bytes: int = 0
    unequal: int = 0  # subscribers that received other bytes than one that parses
    last: dict[str, int] = field(default_factory=dict)  # of each stream the lowest version at which a subscriber ended


class Client(asyncio.BufferedProtocol):
    """A subscriber on a raw socket: an HTTP library would cost more than the server."""

    def __init__(self, path: str, sender: str, tally: Tally, parses: bool) -> None:
        self.path, self.sender, self.tally, self.parses = path, sender, tally, parses
        self.versions: dict[str, int] = {}
        self.last, self._rest, self.bytes = b"", b"", 0
        self.lost: asyncio.Event = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        place = b"Last-Event-ID: %s\r\n" % self.last if self.last else b""
        request = f"GET {self.path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.sender}\r\n".encode()
        transport.write(request + place + b"\r\n")  # type: ignore[attr-defined]
        self._rest = b""
        self.tally.connects += 1
        self.lost.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _VIEW

    def buffer_updated(self, nbytes: int) -> None:
        if nbytes > 500 or _BUFFER.find(b": alive", 0, nbytes) < 0:
            self.bytes += nbytes
        if self.last and not self.parses:
            at = _BUFFER.find(b"\r\nid: ", 0, min(nbytes, 16))
            if at >= 0:  # each message is a chunk, and begins with its position
                self.last = bytes(_VIEW[at + 6 : _BUFFER.find(b"\n", at + 6)])
            return
        now = time.time()
        *messages, self._rest = (self._rest + _VIEW[:nbytes]).split(b"\n\n")
        for message in messages:
            at = message.find(b"id: ")
            if (start := message.find(b"\ndata: [")) >= 0:
                self._count(message[start + 7 :], now)
            if at >= 0:
                self.last = message[at + 4 : message.find(b"\n", at)]

    def _count(self, text: bytes, now: float) -> None:
        for event in orjson.loads(text):
            name, version = event["stream_id"], event["version"]
            before = self.versions.get(name)
            if before is not None and version != before + 1:
                self.tally.gaps += version > before + 1
                self.tally.doubled += version <= before
            self.versions[name] = version
            self.tally.delays.append(now - datetime.fromisoformat(event["recorded_at"]).timestamp())


def subscribe(
    port: int, count: int, every: bool, sender: str, ready: Callable[[], None], over: Callable[[], bool]
) -> Tally:
    tally = Tally()

    async def keep(client: Client) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.create_connection(lambda: client, "127.0.0.1", port)
                await client.lost.wait()
            except OSError:
                await asyncio.sleep(0.1)

    async def main() -> None:
        clients = []
        for number in range(count):
            path = "/live/events" if every else f"/live/events?stream=cup/{number % 100 + 1}"
            clients.append(Client(path, sender, tally, not every or number % 50 == 0))
        tasks = [asyncio.create_task(keep(each)) for each in clients]
        while not all(each.last for each in clients):
            await asyncio.sleep(0.05)
        for each in clients:
            each.bytes = 0
        ready()
        while not over():
            await asyncio.sleep(0.1)
        before = -1
        while before < (now := sum(each.bytes for each in clients)):  # the subscribers may be behind
            before = now
            await asyncio.sleep(3)
        tally.bytes = before
        first = clients[0]
        for each in clients:
            for name, version in each.versions.items():
                tally.last[name] = min(version, tally.last.get(name, version))
            # a heartbeat that arrives with a message is counted; it is shorter than a message with an event
            tally.unequal += every and abs(each.bytes - first.bytes) >= 400
        for task in tasks:
            task.cancel()

    asyncio.run(main())
    return tally


def _process(port: int, count: int, every: bool, sender: str, pipe: object, started: object, over: object) -> None:
    pipe.send(subscribe(port, count, every, sender, started.set, over.is_set))  # type: ignore[attr-defined]


def processor_seconds(*pids: int) -> float:
    """Return the processor time of processes, and of their children that have ended."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        total += sum(int(each) for each in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def busy_seconds() -> float:
    """Return the processor time of all programs of the machine."""
    user, nice, system, _, _, irq, soft = map(int, Path("/proc/stat").read_text(encoding="ascii").split()[1:8])
    return (user + nice + system + irq + soft) / os.sysconf("SC_CLK_TCK")


def family(conn: psycopg.Connection[Any]) -> list[int]:
    """Return the processes of the database server."""
    row = conn.execute("select split_part(pg_read_file('postmaster.pid'), chr(10), 1)::integer").fetchone()
    parent = int(row[0]) if row else 0
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
    return [parent, *map(int, children)]


def own_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.serve.live.load")
    parser.add_argument("--subscribers", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--beside", action="store_true")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with ExitStack() as stack:
        server = Server(stack.enter_context(temporary_server()), "--dsn", False, "a temporary server")
        scratch = stack.enter_context(scratch_database(server))
        scratch.prepare("live_cup")
        (member, *_) = add_members(scratch.conn, scratch.tenant, 1)
        web = stack.enter_context(serving(scratch.login, "--reuse-port"))
        port = int(web.url.rpartition(":")[2])
        again = ("--port", str(port), "--reuse-port")
        beside = stack.enter_context(serving(scratch.login, *again)) if given.beside else None
        spawn = multiprocessing.get_context("spawn")
        started, over, (receiving, sending) = spawn.Event(), spawn.Event(), spawn.Pipe(duplex=False)
        sender = token(scratch.tenant, sub=member)
        clients = spawn.Process(
            target=_process, args=(port, given.subscribers, given.all, sender, sending, started, over)
        )
        clients.start()
        started.wait(120)
        servers = [web]

        def kill() -> None:
            time.sleep(given.seconds / 2)
            web.process.kill()
            web.process.wait()
            servers[0] = beside or stack.enter_context(serving(scratch.login, *again))

        killer = threading.Thread(target=kill)
        if given.kill:
            killer.start()
        pgbench = find_pgbench(embedded=False)
        ids = [web.process.pid, clients.pid or 0, *family(scratch.conn)]
        before = processor_seconds(ids[0]), processor_seconds(*ids[2:]), own_children(), processor_seconds(ids[1])
        busy = busy_seconds()
        done = run(pgbench, scratch.environment, "next_step", clients=16, seconds=given.seconds, rate=given.rate)
        if given.kill:
            killer.join()
        time.sleep(1)
        busy = busy_seconds() - busy
        database = processor_seconds(*family(scratch.conn)) - before[1]
        used = processor_seconds(servers[0].process.pid) - (0 if given.kill else before[0])
        writers, followers = own_children() - before[2], processor_seconds(ids[1]) - before[3]
        over.set()
        tally: Tally = receiving.recv()
        clients.join()
        ended = scratch.conn.execute("select game_key, version from contest.fixture").fetchall()
        lost = sum(version > tally.last.get(name, version) for name, version in ended)
        delays = sorted(each * 1000 for each in tally.delays)
        cuts = quantiles(delays, n=100)
        print(  # noqa: T201
            f"{done.per_second:.0f} updates a second, median {done.p50_ms:.1f} ms\n"
            f"{tally.bytes / 1e6:,.0f} MB to {given.subscribers} subscribers, {tally.connects} connects\n"
            f"delay of {len(delays):,} deliveries: median {cuts[49]:.0f} ms, p95 {cuts[94]:.0f} ms, "
            f"p99 {cuts[98]:.0f} ms, longest {delays[-1]:.0f} ms\n"
            f"gaps {tally.gaps}, doubled {tally.doubled}, streams that ended too early {lost}, "
            f"subscribers with other bytes {tally.unequal}\n"
            f"processor seconds: server {used:.1f}, database {database:.1f}, subscribers {followers:.1f}, "
            f"writers {writers:.1f}, other programs {busy - used - database - followers - writers:.1f}"
        )
    return 1 if tally.gaps or tally.doubled or lost or (tally.unequal and not given.kill) else 0


if __name__ == "__main__":
    sys.exit(main())
