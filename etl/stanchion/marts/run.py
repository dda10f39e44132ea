"""Build the marts: find the changes, run dbt under a lock, and record the built and tested changes."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from stanchion.access.builder import builder_server
from stanchion.cluster.freshness import freshness
from stanchion.cluster.mirror import mirror
from stanchion.cluster.mirror_target import horizons, require_complete
from stanchion.cluster.nodes import has_citus
from stanchion.errors import StanchionError
from stanchion.ingest.loading.publish import score_quality
from stanchion.ingest.loading.session import open_session
from stanchion.marts.compare import keep, read_comparison, unchanged
from stanchion.marts.dbt import Node, invoke, read_node
from stanchion.marts.horizon import RunningLoad, reap_dead_loads, running_loads
from stanchion.marts.node import open_marts_node
from stanchion.marts.project import checksum
from stanchion.paths import query
from stanchion.progress import Report
from stanchion.server.connection import Connection, connect, find_tenant, is_deployed, only_one, value
from stanchion.server.locate import Server

# Views and seeds made from this project are skipped: they would be the same, and dbt would take as long for them as for
# the marts.
_NO_VIEWS = [
    "--exclude", "config.materialized:secure_view", "config.materialized:seed", "--indirect-selection", "empty",
]  # fmt: skip
# Models whose sources change without a load, such as the rules of a league. They are built even when nothing is new.
_ALWAYS = ["--select", "config.always:true"]
# Settings of dbt's sessions on a coordinator: tables and settings of the marts stay on it.
_ALONE = {"citus.enable_ddl_propagation": "off", "citus.propagate_set_commands": "none"}
_LOCK = 0x57A9B01D  # advisory lock: two builds of one database would compute the same games


@dataclass
class BuildResult:
    """Result of one build."""

    nodes: list[Node] = field(default_factory=list)
    seconds: float = 0.0
    is_current: bool = False  # every mart already contained every finished load and was tested
    held_back_by: list[RunningLoad] = field(default_factory=list)  # the marts leave out these and every later load

    @property
    def failed(self) -> list[Node]:
        """The models and tests that failed."""
        return [node for node in self.nodes if node.outcome == "failed"]

    def count(self, kind: str) -> dict[str, int]:
        """Count models or tests by outcome."""
        return dict(Counter(node.outcome for node in self.nodes if node.kind == kind))


OnNode = Callable[[Node], None]


def build(
    server: Server,
    selection: Iterable[str] = (),
    *,
    full_refresh: bool = False,
    tenant: str | None = None,
    marts_dsn: str | None = None,
    test: bool = True,
    wait: float = 600,
    report: Report = lambda _: None,
    on_node: OnNode = lambda _: None,
) -> BuildResult:
    """Add every finished change to the marts and test the new rows. Without changes, no mart is touched.

    Arguments:
        selection: Selectors of dbt (default: every model).
        full_refresh: Compute every row again, in place.
        tenant: Slug of the only tenant to compute (default: all tenants).
        marts_dsn: Server of the marts, over a mirror of the sources (default: STANCHION_MARTS_DSN, else the server).
        test: Test the new rows. Rows that are built without tests are tested by the next build.
        wait: Seconds to wait for another build of the database.
        report: Receives lines of progress.
        on_node: Receives each finished model and test.

    """
    started = time.monotonic()
    chosen = list(selection)
    with connect(server) as sources, open_marts_node(server, sources, marts_dsn) as node:
        conn, prefix = node.conn, node.prefix
        require_builder(sources)
        only = str(find_tenant(sources, tenant)) if tenant else ""
        with only_build(conn, report, wait):
            reap_dead_loads(sources)
            _score_quality(server, sources, report)
            running = running_loads(server, sources)
            for load in running:
                report(f"{load}; the marts leave out this load and every later one until it ends")
            if prefix:
                mirror(server, sources, node.server, wait=wait, report=report)
            require_builder(conn)
            project = checksum(prefix)
            tested, is_up_to_date = _progress(conn, prefix)
            views_exist = has_views(conn, project)
            is_current = is_up_to_date and not (chosen or full_refresh or only)
            builder = builder_server(node.server, conn)
            result = BuildResult(is_current=is_current, held_back_by=running)
            if is_current and views_exist and (nodes := unchanged(builder, prefix, project, tested)):
                result.nodes += nodes
                for each in nodes:
                    on_node(each)
                result.seconds = time.monotonic() - started
                return result
            arguments = _arguments(chosen, full_refresh=full_refresh, models_only=is_current or not test)
            if is_current and views_exist:
                arguments += _ALWAYS
            elif views_exist and not chosen:
                arguments += _NO_VIEWS
            # The window of the tests. Each model opens its own window.
            settings = {
                f"stanchion.{changes}_low": "-1" if full_refresh or chosen else str(position)
                for changes, position in tested.items()
            }
            if only:
                settings["stanchion.window_tenant"] = only
            if has_citus(conn):
                settings |= _ALONE
            listener = _Listener(result, on_node)
            failure = invoke(builder, arguments, settings, listener, prefix=prefix)
            if failure and not result.nodes:
                raise StanchionError(f"dbt could not start: {failure}")
            keep(builder, prefix, project, listener.comparisons)
            if not (result.failed or chosen):
                if not views_exist:
                    as_builder(conn, query("marts", "note_views"), {"project": project})
                if test and not (only or is_current):
                    as_builder(conn, query("marts", "note_tested"))
                    if node.is_elsewhere:
                        _note_at_sources(conn, sources)
    result.seconds = time.monotonic() - started
    return result


def only_build(conn: Connection, report: Report, wait: float = 600) -> AbstractContextManager[None]:
    """Hold the lock of builds, on the server of the marts."""
    return only_one(conn, _LOCK, "build", wait, report)


def is_current(server: Server) -> bool:
    """Return whether the marts contain every finished change, tested. Does not start dbt, and mirrors nothing."""
    with connect(server) as sources, open_marts_node(server, sources) as node:
        require_builder(sources)
        reap_dead_loads(sources)
        if not node.prefix:
            return _progress(node.conn, "")[1]
        behind = freshness(sources, node.conn)
        return behind.loads_behind == 0 and _progress(node.conn, node.prefix)[1]


def _arguments(chosen: list[str], *, full_refresh: bool, models_only: bool) -> list[str]:
    arguments = (
        ["build", "--resource-type", "model", "--resource-type", "seed"]
        if models_only
        else ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure"]
    )
    if chosen:
        arguments += ["--select", *chosen]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


def require_builder(conn: Connection) -> None:
    if not is_deployed(conn) or not value(conn, "select to_regclass('core.stat_refresh') is not null"):
        raise StanchionError("Stanchion is not deployed in this database, or only in part. Run: stanchion deploy")
    if not value(conn, "select pg_has_role('stanchion_builder', 'member')"):
        raise StanchionError(
            "This login may not build marts, because it is not a member of stanchion_builder. "
            "Connect as the login that deployed, or run: stanchion login add NAME --as builder"
        )


def _score_quality(server: Server, conn: Connection, report: Report) -> None:
    """Compare the confirmed scores of tracked games in a load of their own, if this login may load.

    Scores can be confirmed without a load, and a mart takes in a game only when a load changed it.
    """
    statement = "select distinct f.tenant_id from contest.fixture as f where not f.is_scored"
    tenants = [str(tenant) for (tenant,) in as_builder(conn, statement)]
    if tenants and not value(conn, "select pg_has_role('stanchion_loader', 'member')"):
        report("this login may not load, so confirmed scores of tracked games wait for the next load")
        return
    for tenant in tenants:
        with open_session(server, tenant) as session:
            score_quality(session)


def _progress(conn: Connection, prefix: str) -> tuple[dict[str, int], bool]:
    """Return the last tested change of each list of changes, and whether all marts are up to date and tested."""
    if prefix:
        require_complete(conn)
        loads, purchases = horizons(conn)
    else:
        ((loads, purchases),) = as_builder(conn, query("marts", "horizons"))
    rows = as_builder(conn, query("marts", "progress"), {"loads": loads, "purchases": purchases})
    return {changes: position for changes, position, _ in rows}, all(is_current for *_, is_current in rows)


def _note_at_sources(conn: Connection, sources: Connection) -> None:
    """Record at the sources too what the marts contain: game days expire there, once the marts contain their games."""
    for changes, position in as_builder(conn, query("marts", "tested")):
        as_builder(sources, query("marts", "note_position"), {"changes": changes, "position": position})


def has_views(conn: Connection, project: str) -> bool:
    """Return whether every view exists and was made from this version of the project."""
    ((found,),) = as_builder(conn, query("marts", "has_views"), {"project": project})
    return bool(found)


def as_builder(conn: Connection, statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run a query as stanchion_builder, which sees the changes of every tenant, and return its rows."""
    with conn.transaction():
        conn.execute("set local role stanchion_builder")
        return conn.execute(statement.encode(), parameters).fetchall()


class _Listener:
    """Callback of dbt that collects the finished models and tests.

    It catches its own exceptions, because dbt would count an exception as a failure of the model.
    """

    def __init__(self, result: BuildResult, on_node: OnNode) -> None:
        self.result, self.on_node = result, on_node
        self.comparisons: dict[str, str] = {}
        self.lock = threading.Lock()  # dbt calls from several threads

    def __call__(self, event: Any) -> None:
        if comparison := read_comparison(event):
            self.comparisons.update([comparison])
        if event.info.name == "NodeFinished":
            with self.lock:
                self._finished(event)

    def _finished(self, event: Any) -> None:
        try:
            node = read_node(event)
        except Exception as e:  # another version of dbt may send other events
            node = Node("?", "model", "failed", 0, None, f"dbt sent an event in an unknown form: {e!r}")
        self.result.nodes.append(node)
        with contextlib.suppress(Exception):
            self.on_node(node)
