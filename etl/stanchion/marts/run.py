"""One build: alone in its database, from what is new to marts that hold their tests."""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from stanchion.errors import StanchionError
from stanchion.ingest.loading.people import judge_scores
from stanchion.ingest.loading.session import open_session
from stanchion.marts.dbt import Node, invoke, read_node
from stanchion.marts.project import checksum
from stanchion.paths import query
from stanchion.server.connection import Connection, connect, find_tenant, is_deployed, only_one, value
from stanchion.server.locate import Server

# views have no rows: those that this project made are not looked at one by one, which takes dbt as long as the marts
_NO_VIEWS = ["--exclude", "config.materialized:view", "--indirect-selection", "empty"]
# with nothing new, only what changes without a change that is listed, such as a league's rules
_ALWAYS = ["--select", "config.always:true"]
_LOCK = 0x57A9B01D  # one build at a time in a database: two would compute the same games

Say = Callable[[str], None]


@dataclass
class Report:
    nodes: list[Node] = field(default_factory=list)
    seconds: float = 0.0
    is_current: bool = False  # there was nothing new to take in

    @property
    def failed(self) -> list[Node]:
        return [node for node in self.nodes if node.outcome == "failed"]

    def count(self, kind: str) -> dict[str, int]:
        return dict(Counter(node.outcome for node in self.nodes if node.kind == kind))


OnNode = Callable[[Node], None]


def build(
    server: Server,
    selection: Iterable[str] = (),
    *,
    full_refresh: bool = False,
    tenant: str | None = None,
    test: bool = True,
    wait: float = 600,
    say: Say = lambda _: None,
    on_node: OnNode = lambda _: None,
) -> Report:
    """Bring the marts up to every change that is over, and test what came; with nothing new, touch no mart.

    `selection` is dbt's; `full_refresh` computes everything anew, in place; `tenant`, a slug, computes one alone.
    What was built without `test` is tested by the next build.
    """
    started = time.monotonic()
    chosen = list(selection)
    with connect(server) as conn:
        _require_builder(conn)
        only = str(find_tenant(conn, tenant)) if tenant else ""
        with only_one(conn, _LOCK, "build", wait, say):
            _judge_scores(server, conn, say)
            project = checksum()
            tested, is_up_to_date = _progress(conn)
            has_views = _has_views(conn, project)
            is_current = is_up_to_date and not (chosen or full_refresh or only)
            report = Report(is_current=is_current)
            arguments = _arguments(chosen, full_refresh=full_refresh, models_only=is_current or not test)
            if is_current and has_views:
                arguments += _ALWAYS
            elif has_views and not chosen:
                arguments += _NO_VIEWS
            # what the tests look at; a model opens a window of its own
            settings = {
                f"stanchion.{changes}_low": "-1" if full_refresh or chosen else str(position)
                for changes, position in tested.items()
            }
            if only:
                settings["stanchion.window_tenant"] = only
            failure = invoke(server, arguments, settings, _Listener(report, on_node))
            if failure and not report.nodes:
                raise StanchionError(f"dbt could not begin: {failure}")
            if not (report.failed or chosen):
                if not has_views:
                    _as_builder(conn, query("marts", "note_views"), {"project": project})
                if test and not (only or is_current):
                    _as_builder(conn, query("marts", "note_tested"))
    report.seconds = time.monotonic() - started
    return report


def is_current(server: Server) -> bool:
    """Whether the marts hold, tested, every change that is over; asked without dbt."""
    with connect(server) as conn:
        _require_builder(conn)
        return _progress(conn)[1]


def _arguments(chosen: list[str], *, full_refresh: bool, models_only: bool) -> list[str]:
    arguments = (
        ["run"]
        if models_only
        else ["build", "--exclude-resource-type", "unit_test", "--exclude-resource-type", "exposure"]
    )
    if chosen:
        arguments += ["--select", *chosen]
    return [*arguments, "--full-refresh"] if full_refresh else arguments


def _require_builder(conn: Connection) -> None:
    if not is_deployed(conn) or not value(conn, "select to_regclass('core.stat_refresh') is not null"):
        raise StanchionError("Stanchion is not deployed in this database, or not whole; run: stanchion deploy")
    if not value(conn, "select pg_has_role('stanchion_builder', 'member')"):
        raise StanchionError(
            "This login may not build marts; connect as who deployed, or make a login for it: "
            "stanchion login add NAME --as builder"
        )


def _judge_scores(server: Server, conn: Connection, say: Say) -> None:
    """Marts go by loads: what was confirmed without one gets one first, where this login may load."""
    statement = "select distinct f.tenant_id from contest.fixture as f where not f.is_scored"
    tenants = [str(tenant) for (tenant,) in _as_builder(conn, statement)]
    if tenants and not value(conn, "select pg_has_role('stanchion_loader', 'member')"):
        say("confirmed scores of tracked games wait for the next load")
        return
    for tenant in tenants:
        with open_session(server, tenant) as session:
            judge_scores(session)


def _progress(conn: Connection) -> tuple[dict[str, int], bool]:
    """Up to which change of each list the tests held; and whether every mart holds, tested, what there is."""
    rows = _as_builder(conn, query("marts", "progress"))
    return {changes: position for changes, position, _ in rows}, all(is_current for *_, is_current in rows)


def _has_views(conn: Connection, project: str) -> bool:
    """Whether every view is there, and was made by this project."""
    ((has_views,),) = _as_builder(conn, query("marts", "has_views"), {"project": project})
    return bool(has_views)


def _as_builder(conn: Connection, statement: str, parameters: dict[str, str] | None = None) -> list[tuple[Any, ...]]:
    """Rows, as the role that sees the changes of every tenant."""
    with conn.transaction():
        conn.execute("set local role stanchion_builder")
        return conn.execute(statement.encode(), parameters).fetchall()


class _Listener:
    """Turns what dbt tells while it works into nodes. An exception in here would fail the model it is told of."""

    def __init__(self, report: Report, on_node: OnNode) -> None:
        self.report, self.on_node = report, on_node
        self.lock = threading.Lock()  # dbt tells from several threads

    def __call__(self, event: Any) -> None:
        if event.info.name == "NodeFinished":
            with self.lock:
                self._finished(event)

    def _finished(self, event: Any) -> None:
        try:
            node = read_node(event)
        except Exception as e:  # whatever dbt's next version says otherwise
            node = Node("?", "model", "failed", 0, None, f"dbt said something unknown: {e!r}")
        self.report.nodes.append(node)
        with contextlib.suppress(Exception):
            self.on_node(node)
