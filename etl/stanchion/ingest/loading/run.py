"""Run a load: begin it, start the loader processes, collect their results, and record how the load ended."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from stanchion.errors import StanchionError
from stanchion.ingest.loading.formats import added_formats
from stanchion.ingest.loading.keys import storable
from stanchion.ingest.loading.order import superseded
from stanchion.ingest.loading.parts import Options, PartDocument, by_game
from stanchion.ingest.loading.process import Looked, Task, run_process
from stanchion.ingest.loading.record import FileResult
from stanchion.ingest.loading.session import Session, open_session
from stanchion.ingest.loading.store import Store
from stanchion.ingest.reading.mapping.schema import Mapping
from stanchion.ingest.reading.sources import MAX_IN_MEMORY_BYTES, STDIN, is_url, list_files, shown
from stanchion.partitions.ahead import make_due_partitions
from stanchion.progress import Report
from stanchion.server.locate import Server

FAILING = ("quarantined", "rejected")  # outcomes for which a command exits with 1


@dataclass
class LoadResult:
    """The result of a load: its state, its counts, and the files that need attention."""

    load_id: int | None
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    seen: int = 0
    accepted: int = 0
    rejected: int = 0
    seconds: float = 0.0
    state: str = "running"
    games: set[str] = field(default_factory=set)
    failing: list[FileResult] = field(default_factory=list)  # results with an outcome in FAILING

    def add(self, result: FileResult) -> None:
        """Add the result of one file or game to the counts."""
        self.outcomes[result.outcome] += 1
        self.rows += result.rows
        self.seen += result.seen
        self.accepted += result.accepted
        self.rejected += result.rejected
        if result.game:
            self.games.add(result.game)
        if result.outcome in FAILING:
            self.failing.append(result)

    @property
    def is_clean(self) -> bool:
        """Whether the load finished and nothing was rejected or quarantined."""
        return self.state == "done" and not self.rejected and not any(self.outcomes[name] for name in FAILING)


def load(
    server: Server,
    tenant: str,
    paths: tuple[str, ...],
    *,
    files: tuple[str, ...] | None = None,
    given_on: date | None = None,
    accept_shrink: bool = False,
    jobs: int = 1,
    dry_run: bool = False,
    mappings: Sequence[Mapping] = (),
    on_read: Callable[[str], None] = lambda _: None,
    on_result: Callable[[FileResult], None] = lambda _: None,
    report: Report = lambda _: None,
) -> LoadResult:
    """Load all files under the paths. Ctrl-C ends the load between two games; games already committed stay loaded.

    `files` are the files under the paths, when the caller has listed them. `mappings` are formats to try before those
    of the tenant. `on_read` is called with the path of each document with parts of a game, `on_result` when the
    game is merged with it. Raises MissingPathError before a load is begun when there is nothing under a path.
    """
    started = time.monotonic()
    # listed once: processes that listed the folder themselves would number files differently while files appear
    found = list_files(paths) if files is None else files
    if STDIN in paths:
        jobs = 1  # only one process can read standard input
    piped = sys.stdin.buffer.read(MAX_IN_MEMORY_BYTES + 1) if STDIN in paths else None
    with open_session(server, tenant) as session:
        added = added_formats(session, mappings)
        if not dry_run:
            _make_partitions(session, report)
        load_id = None if dry_run else session.begin_load("games", storable(" ".join(map(shown, paths)))[:2000])
        result = LoadResult(load_id)
        with _finishing(session, result):
            task = Task(
                session.server, tenant, found, load_id or 0, Options(given_on, accept_shrink), dry_run, piped, added
            )
            for each in _results(task, jobs, result, session.settings().shrink_percent, on_read):
                result.add(each)
                on_result(each)
            if load_id is not None:
                score_games(session, load_id)
        result.seconds = time.monotonic() - started
    return result


def _make_partitions(session: Session, report: Report) -> None:
    """Create the partitions that are due, because not every installation has a scheduler. Report when that fails."""
    try:
        with session.creating_tables() as conn:
            make_due_partitions(conn)
    except psycopg.Error as e:
        if session.conn.broken:
            raise
        error = e.diag.message_primary or type(e).__name__
        report(f"The partitions that are due could not be created ({error}). Run: stanchion partitions run")


def score_games(session: Session, load_id: int) -> int:
    """Compare tracked games with official scores that changed since the last comparison. Return the number of games."""
    with session.transaction() as conn:
        statement = "select f.game_key from contest.fixture as f where f.tenant_id = %s and not f.is_scored order by 1"
        keys = [key for (key,) in conn.execute(statement, [session.tenant_id])]
    if keys:
        store = Store(session, load_id, session.settings())
        for key in keys:
            store.update(key)
    return len(keys)


@contextmanager
def _finishing(session: Session, result: LoadResult) -> Iterator[None]:
    """Record how the load ended. If that fails too, the lock of the load is released and the next load reaps it."""
    try:
        yield
        result.state = "interrupted" if result.state == "interrupted" else "done"
    except BaseException:
        result.state = "failed"
        raise
    finally:
        if result.load_id is not None:
            try:
                finish_load(session, result)
            except psycopg.Error:
                if result.state != "failed":
                    raise


def finish_load(session: Session, result: LoadResult) -> None:
    """Write the final state and counts of a load."""
    with session.transaction() as conn:
        conn.execute(
            "select landing.finish_load(%s, %s, %s, %s, %s)",
            [result.load_id, result.state, Jsonb(dict(result.outcomes)), result.accepted, result.rejected],
        )


def _results(
    task: Task, jobs: int, result: LoadResult, shrink_percent: Decimal, on_read: Callable[[str], None]
) -> Iterator[FileResult]:
    """Load the files, then merge each game with the documents that were read, and yield the results as they arrive."""
    documents: list[PartDocument] = []
    for each in _loaded(task, jobs, result, shrink_percent):
        if isinstance(each, PartDocument):
            documents.append(each)
            on_read(each.origin.path)
        else:
            yield each
    if documents and not task.dry_run and result.state == "running":
        games = by_game(documents)
        merged = _messages(replace(task, piped=None, games=games), min(jobs, len(games)), result)
        yield from (each for each in merged if isinstance(each, FileResult))


def _loaded(task: Task, jobs: int, result: LoadResult, shrink_percent: Decimal) -> Iterator[FileResult | PartDocument]:
    """Load the files: of several, the documents that another one supersedes after the others."""
    looked: list[Looked] = []
    if len(task.paths) > 1 and not any(path == STDIN or is_url(path) for path in task.paths):
        for each in _messages(replace(task, is_look=True), jobs, result):
            if isinstance(each, Looked):
                looked.append(each)
            else:
                yield each
    looks = ((each.number, each.look) for each in looked if each.look and not each.is_known)
    later = superseded(looks, shrink_percent, is_accepted=task.options.accept_shrink)
    known = frozenset(each.number for each in looked if each.is_known)
    task = replace(task, known=known, superseded=later)
    # one process of a dry run remembers all games
    passes: list[tuple[bool, ...]] = (
        [(False,)] if not later else [(False, True)] if task.dry_run else [(False,), (True,)]
    )
    for some in passes:
        if result.state == "running" and (not looked or len(known) < len(looked)):
            for each in _messages(replace(task, passes=some), jobs, result):
                if not isinstance(each, Looked):
                    yield each


def _messages(task: Task, jobs: int, result: LoadResult) -> Iterator[FileResult | PartDocument | Looked]:
    """Start the loader processes, and yield what they send."""
    context = multiprocessing.get_context("fork")  # safe, because this process has no threads yet
    counter, stop = context.Value("q", 0), context.Event()
    pipes: dict[Pipe, Any] = {}
    for _ in range(jobs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_start, args=(task, counter, stop, theirs, ours, tuple(pipes)), daemon=True)
        process.start()
        theirs.close()
        pipes[ours] = process
    failure: BaseException | None = None
    processes = list(pipes.values())
    try:
        while pipes:
            try:
                for pipe in wait(list(pipes)):
                    message = _receive(pipe)  # type: ignore[arg-type]
                    if isinstance(message, FileResult | PartDocument | Looked):
                        yield message
                        continue
                    del pipes[pipe]  # type: ignore[arg-type]
                    if message is not None:
                        failure = failure or message
                        stop.set()
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
                result.state = "interrupted"
    finally:
        stop.set()
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()
    if failure:
        raise failure


def _start(task: Task, counter: Any, stop: Any, pipe: Pipe, *inherited: Any) -> None:
    """Run a loader process after closing the inherited pipes, so that it notices when the main process is gone."""
    ours, others = inherited
    for each in (ours, *others):
        each.close()
    run_process(task, counter, stop, pipe)


def _receive(pipe: Pipe) -> Any:
    try:
        return pipe.recv()
    except EOFError:
        return StanchionError("A loader process was killed; the game it was loading is unchanged. Run the load again.")
