"""The server beside the endpoint that an application would write by hand, in turns.

Both run the same statement in the same seconds. The test compares the answers and writes the rates (pytest -s). It has
no bound for them, because they depend on the load of the machine; docs/decisions/0067 has a measurement.
"""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import httpx
import pytest

from stanchion.server.connection import for_tenant
from tests.serve.web import SECRET, serving, token
from tests.sessions import Db

pytestmark = pytest.mark.exhaustive
ROUNDS, SECONDS, SENDERS = 7, 1.5, 16


@contextmanager
def handwritten(dsn: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tests.serve.handwritten", dsn, SECRET, str(port)]
    process = subprocess.Popen(command)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


async def answers_of_a_second(url: str, token: str) -> float:
    """Return the answers of a second that several senders get, each over one connection without a library."""
    path = url.partition("/")[2].partition("/")[2].partition("/")[2]
    port = int(url.split(":")[2].split("/")[0])
    request = f"GET /{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    count, until = 0, time.monotonic() + SECONDS

    async def send() -> None:
        nonlocal count
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.monotonic() < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.partition(b":")[2]))
            count += 1
        writer.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return count / SECONDS


def test_a_read_has_the_rows_of_one_written_by_hand(
    make_login: Callable[..., str], db: Db, tenants: dict[str, str]
) -> None:
    login, sent = make_login("stanchion_app"), token(tenants["ours"], email="ref@ours.example")
    with for_tenant(db, "ours"):
        db.execute("select core.add_member('ref@ours.example', 'Ref', 'viewer')")
        db.execute(
            "insert into contest.team (tenant_id, team_key, name) "
            "select core.current_tenant(), 'team ' || n, 'Team ' || n from generate_series(10, 29) as n"
        )
    with serving(login) as web, handwritten(login) as other:
        ours, theirs = f"{web.url}/team?team_key=gte.t&order=team_key&select=team_key,name", f"{other}/team?first=t"
        found = [httpx.get(url, headers={"Authorization": f"Bearer {sent}"}).json() for url in (ours, theirs)]
        assert found[0] == found[1]
        assert len(found[0]) == 20
        rates = [[asyncio.run(answers_of_a_second(url, sent)) for url in (ours, theirs)] for _ in range(ROUNDS)]
    ratio = median(mine / by_hand for mine, by_hand in rates[1:])
    rate = [median(each[at] for each in rates[1:]) for at in (0, 1)]
    sys.stderr.write(f"\nserve {rate[0]:,.0f}/s, by hand {rate[1]:,.0f}/s, ratio {ratio:.2f}\n")
