"""The nodes of a Citus cluster for tests: servers on this machine, which can be killed and restarted."""

import contextlib
import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from stanchion.server.embedded import Embedded
from tests.sessions import Db

PORTS = range(15540, 15740)  # beside those of the embedded server, and below the ephemeral ports
SHARDS = 4

SETTINGS = {
    "shared_preload_libraries": "citus, pg_stat_statements",
    "max_connections": "150",
    "shared_buffers": "64MB",
    "max_prepared_transactions": "150",
    "max_locks_per_transaction": "1024",  # a statement over all shards locks every partition of every shard
    # a commit that was answered must survive kill -9; it needs a write to the kernel, not to a disk
    "synchronous_commit": "on",
    "citus.shard_count": str(SHARDS),
    "citus.max_adaptive_executor_pool_size": "4",
    "citus.recover_2pc_interval": "1s",
    "citus.enable_statistics_collection": "off",
    # a killed node must not delay a test by the default of half a minute
    "citus.node_connection_timeout": "3s",
}
TRUST = "local all all trust\nhost all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n"


@dataclass
class Node:
    """One server of the cluster, with a fixed port, because the nodes find each other by port."""

    server: Embedded
    port: int

    def dsn(self, database: str, **options: str) -> str:
        return make_conninfo(
            **{"host": "127.0.0.1", "port": self.port, "user": "postgres", "dbname": database, "connect_timeout": 5}
            | options
        )

    def connect(self, database: str, **options: str) -> Db:
        return psycopg.connect(self.dsn(database, **options), autocommit=True)

    def kill(self) -> None:
        """Kill every process of the server with SIGKILL, as when its machine fails, and wait until they end."""
        while pids := list(_works_in(self.server.data)):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def restart(self) -> None:
        """Start the server after kill(), and wait until it has recovered."""
        self.server._cluster.start()


def _works_in(data: Path) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if Path(process, "cwd").samefile(data):
                yield int(process.name)


@dataclass
class Nodes:
    """A coordinator and its workers."""

    folder: Path
    nodes: list[Node] = field(default_factory=list)

    @property
    def coordinator(self) -> Node:
        return self.nodes[0]

    @property
    def workers(self) -> Sequence[Node]:
        return self.nodes[1:]

    def at(self, port: int) -> Node:
        """Return the node with this port."""
        return next(node for node in self.nodes if node.port == port)

    def each(self, work: Callable[[Node], object]) -> None:
        """Run the work on every node at the same time."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(work, self.nodes))

    def add(self) -> Node:
        """Start one more server, which no cluster knows yet."""
        name, port = f"n{len(self.nodes)}", _free_port({node.port for node in self.nodes})
        server = Embedded(
            self.folder / name, bindir=bindir(), fast=True, settings=SETTINGS | {"port": str(port)}
        ).start()
        # the nodes connect to each other as the login of the session, without its password
        (server.data / "pg_hba.conf").write_text(TRUST, encoding="utf-8")
        node = Node(server, port)
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as conn:
            conn.execute("select pg_reload_conf()")
        self.nodes.append(node)
        return node

    @contextmanager
    def standby(self, node: Node) -> Iterator[Node]:
        """Start a streaming standby of a node, and delete it at the end."""
        from tests.replicas.conftest import base_backup

        port = _free_port({each.port for each in self.nodes})
        home = base_backup(node.server, self.folder / f"standby{port}", "-R")
        server = Embedded(home, bindir=bindir(), fast=True, settings=SETTINGS | {"port": str(port)}).start()
        try:
            yield Node(server, port)
        finally:
            server.purge()
            server.close()
            shutil.rmtree(home, ignore_errors=True)

    def stop(self) -> None:
        for node in self.nodes:
            node.server.purge()
            node.server.close()


def bindir() -> Path | None:
    """Return the folder of binaries with the extension, or None when the variable does not name one."""
    chosen = os.environ.get("STANCHION_CITUS_BINDIR")
    return Path(chosen).absolute() if chosen else None


def _free_port(used: set[int]) -> int:
    """Return a port that no process listens on. Concurrent runs of the tests choose in a different order."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            if port not in used:
                return port
    raise AssertionError(f"every port from {PORTS.start} to {PORTS.stop - 1} is in use")


@contextmanager
def started(folder: Path, workers: int = 2) -> Iterator[Nodes]:
    """Start a coordinator and workers in a folder, and delete them at the end."""
    nodes = Nodes(folder)
    try:
        for _ in range(workers + 1):
            nodes.add()
        yield nodes
    finally:
        nodes.stop()
        shutil.rmtree(folder, ignore_errors=True)
