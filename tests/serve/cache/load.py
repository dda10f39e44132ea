"""Measure cached reads: python -m tests.serve.cache.load rates|readers [--postgraphile FOLDER] [--readers N]

`rates` sends the same read to the server with and without its memory, to the endpoint written by hand, and to
PostGraphile, in turns. FOLDER contains its node_modules. A rate is for each second of processor time of the server
process, because all programs share the machine.

`readers` lets readers poll the standings and the fixtures of a cup, while players change its scores. The readers have
one API key, as visitors of a site, or with --persons a token each.
"""

import argparse
import asyncio
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import orjson
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from stanchion.dev.bench.load import find_pgbench, run
from stanchion.dev.bench.scratch import Scratch, scratch_database
from stanchion.server.connection import for_tenant, value
from stanchion.server.locate import Server
from tests.serve.live.load import processor_seconds
from tests.serve.test_speed import handwritten
from tests.serve.web import SECRET, serving, token
from tests.sql.fuzz import temporary_server
from tests.workspace.team import add_members

SENDERS, SECONDS = 16, 2.0
WARM_UP = 5  # seconds in which all readers come, which are not counted


@dataclass
class Place:
    """A server to measure."""

    name: str
    request: bytes
    port: int
    process: int


def get(path: str, sent: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sent}\r\n\r\n".encode()


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> tuple[bytes, bytes]:
    """Send a request without a library, and return the head and the body of its answer."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    assert head.startswith(b"http/1.1 200"), head
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return head, await reader.readexactly(int(length))


async def answers(place: Place, seconds: float) -> int:
    """Return the number of answers that the senders get in some seconds, each over one connection."""
    count, until = 0, time.monotonic() + seconds

    async def send() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        while time.monotonic() < until:
            await exchange(reader, writer, place.request)
            count += 1
        writer.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return count


@contextmanager
def postgraphile(folder: str, dsn: str) -> Iterator[tuple[int, int]]:
    """Run PostGraphile; yield its port and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(__file__).with_name("postgraphile.cjs")
    environment = os.environ | {"NODE_PATH": f"{folder}/node_modules", "NODE_ENV": "production"}
    process = subprocess.Popen(["node", script, dsn, SECRET, str(port)], env=environment)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def listener_of(port: int) -> int:
    """Return the process that listens on a port."""
    found = subprocess.run(["ss", "-Hltnp", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return int(found.partition("pid=")[2].partition(",")[0])


def make_mart(scratch: Scratch) -> None:
    """Make a mart with the 20 teams that the other programs read from contest.team."""
    conn = scratch.conn
    with for_tenant(conn, "bench"):
        conn.execute(
            "insert into contest.team (tenant_id, team_key, name) "
            "select core.current_tenant(), 'team ' || n, 'Team ' || n from generate_series(10, 29) as n"
        )
    conn.execute("create table marts.team as select tenant_id, team_key, name from contest.team")
    conn.execute("select core.secure_relation('marts.team')")
    conn.execute("grant usage on schema marts to stanchion_app")
    conn.execute("grant select on marts.team to stanchion_app")
    conn.execute("select core.close_window('marts.team', 'loads', 'of the measurement')")


def rates(scratch: Scratch, stack: ExitStack, folder: str | None, rounds: int) -> None:
    make_mart(scratch)
    (member, *_) = add_members(scratch.conn, scratch.tenant, 1)
    sent = token(scratch.tenant, sub=member)
    path = "/team?team_key=gte.t&order=team_key&select=team_key,name"
    places = []
    for name, args in (("serve, from memory", ()), ("serve, from the database", ("--cache-bytes", "0"))):
        web = stack.enter_context(serving(scratch.login, *args))
        places.append(Place(name, get(path, sent), port_of(web.url), web.process.pid))
    port = port_of(stack.enter_context(handwritten(scratch.login)))
    places.append(Place("written by hand", get("/team?first=t", sent), port, listener_of(port)))
    if folder is not None:
        port, process = stack.enter_context(postgraphile(folder, scratch.login))
        body = orjson.dumps({"query": "{allTeams(orderBy: PRIMARY_KEY_ASC) {nodes {teamKey name}}}"})
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {sent}\r\nContent-Type: application/json\r\n"
        )
        request = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        places.append(Place("PostGraphile", request, port, process))
    found: list[list[tuple[float, float]]] = [[] for _ in places]
    for _ in range(rounds + 1):
        for place, measured in zip(places, found, strict=True):
            before = processor_seconds(place.process)
            count = asyncio.run(answers(place, SECONDS))
            measured.append((count / (processor_seconds(place.process) - before), count / SECONDS))
    base = [median(core for core, _ in measured[1:]) for measured in found]
    for place, measured, own in zip(places, found, base, strict=True):
        elapsed = median(wall for _, wall in measured[1:])
        print(f"{place.name:26} {own:8,.0f} a core second {elapsed:8,.0f}/s  {base[0] / own:5.1f}")  # noqa: T201
    print(f"load of the machine: {os.getloadavg()[0]:.1f}")  # noqa: T201


def read_all(port: int, senders: list[str], paths: list[str], pause: float, seconds: float, pipe: Any) -> None:
    """Let each reader read one path after another, and send the delays in seconds."""
    delays: list[float] = []

    warm = time.monotonic() + WARM_UP

    async def reader_of(number: int, until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(pause * number / len(senders))
        at = number
        while (began := time.monotonic()) < until:
            await exchange(reader, writer, get(paths[at % len(paths)], senders[number]))
            if began > warm:
                delays.append(time.monotonic() - began)
            at += 1
            await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))
        writer.close()

    async def main() -> None:
        until = time.monotonic() + seconds + WARM_UP
        await asyncio.gather(*(reader_of(number, until) for number in range(len(senders))))

    asyncio.run(main())
    pipe.send(delays)


def readers(
    scratch: Scratch, stack: ExitStack, count: int, pause: float, rate: int, seconds: int, persons: bool
) -> None:
    scratch.prepare("live_cup")
    if persons:
        members = add_members(scratch.conn, scratch.tenant, count)[:count]
        senders = [token(scratch.tenant, sub=each) for each in members]
    else:
        with for_tenant(scratch.conn, "bench"):
            senders = [value(scratch.conn, "select core.create_api_key('site', '{read}')")] * count
    web = stack.enter_context(serving(scratch.login, "--cache-seconds", "1", "--metrics"))
    fixture = "select=game_key,official_home,official_away,status"
    paths = ["/rpc/leaderboard?competition=cup", f"/fixture?competition_key=eq.cup&{fixture}&order=game_key"]
    paths += [f"/fixture?competition_key=eq.cup&home_team_key=eq.team%20{n}&{fixture}" for n in range(8)]
    spawn = multiprocessing.get_context("spawn")
    receiving, sending = spawn.Pipe(duplex=False)
    client = spawn.Process(target=read_all, args=(port_of(web.url), senders, paths, pause, seconds, sending))
    before = processor_seconds(web.process.pid)
    client.start()
    done = run(
        find_pgbench(embedded=False), scratch.environment, "next_step", clients=8, seconds=seconds + WARM_UP, rate=rate
    )
    delays = sorted(each * 1000 for each in receiving.recv())
    client.join()
    used = processor_seconds(web.process.pid) - before
    families = {each.name: each for each in text_string_to_metric_families(httpx.get(f"{web.url}/metrics").text)}
    ratio = families["stanchion_serve_cache_hit_ratio"].samples[0].value
    cuts = quantiles(delays, n=100)
    print(  # noqa: T201
        f"{count} readers, {len(delays) / seconds:,.0f} reads/s, {done.per_second:.0f} updates/s: "
        f"hit ratio {ratio:.3f}, "
        f"median {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms; "
        f"{len(delays) / used:,.0f} reads a core second; load of the machine {os.getloadavg()[0]:.1f}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.serve.cache.load")
    parser.add_argument("what", choices=("rates", "readers"))
    parser.add_argument("--postgraphile", metavar="FOLDER")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--readers", type=int, default=500)
    parser.add_argument("--pause", type=float, default=1.0)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--persons", action="store_true")
    given = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with ExitStack() as stack:
        server = Server(stack.enter_context(temporary_server()), "--dsn", False, "a temporary server")
        scratch = stack.enter_context(scratch_database(server))
        if given.what == "rates":
            rates(scratch, stack, given.postgraphile, given.rounds)
        else:
            readers(scratch, stack, given.readers, given.pause, given.rate, given.seconds, given.persons)
    return 0


if __name__ == "__main__":
    sys.exit(main())
