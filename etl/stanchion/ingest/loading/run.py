"""A load: its row, its workers, what they say, and its end; however that comes."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from stanchion.deploy.runner import make_due_partitions
from stanchion.errors import StanchionError
from stanchion.ingest.loading.keys import storable
from stanchion.ingest.loading.session import Session, open_session
from stanchion.ingest.loading.store import Store
from stanchion.ingest.loading.worker import Done, Task, work
from stanchion.ingest.reading.sources import LARGEST_INNER, STDIN, listed
from stanchion.server.locate import Server

FAILING = ("quarantined", "rejected")  # outcomes that make a command end with 1


@dataclass
class Total:
    """What came of a load."""

    load_id: int | None
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    seen: int = 0
    accepted: int = 0
    rejected: int = 0
    seconds: float = 0.0
    state: str = "running"
    games: set[str] = field(default_factory=set)
    told: list[Done] = field(default_factory=list)  # what somebody has to look at

    def add(self, done: Done) -> None:
        self.outcomes[done.outcome] += 1
        self.rows += done.rows
        self.seen += done.seen
        self.accepted += done.accepted
        self.rejected += done.rejected
        if done.game:
            self.games.add(done.game)
        if done.outcome in FAILING:
            self.told.append(done)

    @property
    def is_well(self) -> bool:
        return self.state == "done" and not self.rejected and not any(self.outcomes[name] for name in FAILING)


def load(
    server: Server,
    tenant: str,
    paths: tuple[str, ...],
    *,
    given_on: date | None = None,
    accept_shrink: bool = False,
    jobs: int = 1,
    is_rehearsal: bool = False,
    on_done: Callable[[Done], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Total:
    """Load every file there is below the paths. Ctrl-C ends it between two games; what is done stays done."""
    started = time.monotonic()
    if STDIN in paths:
        jobs = 1  # only one process can read it
    piped = sys.stdin.buffer.read(LARGEST_INNER + 1) if STDIN in paths else None
    with open_session(server, tenant) as session:
        if not is_rehearsal:
            _make_days_ahead(session, say)
        load_id = None if is_rehearsal else session.begin_load("games", storable(" ".join(paths))[:2000])
        total = Total(load_id)
        with _ended(session, total):
            # found once: workers that looked for themselves would count differently while a tracker adds files
            found = listed(paths)
            task = Task(server, tenant, found, load_id or 0, given_on, accept_shrink, is_rehearsal, piped)
            for done in _results(task, jobs, total):
                total.add(done)
                on_done(done)
            if load_id is not None:
                judge(session, load_id)
        total.seconds = time.monotonic() - started
    return total


def _make_days_ahead(session: Session, say: Callable[[str], None]) -> None:
    """Where no scheduler makes the days, each load does, before it writes; or says who can."""
    try:
        make_due_partitions(session.conn)
    except psycopg.Error as e:
        if session.conn.broken:
            raise
        said = e.diag.message_primary or type(e).__name__
        say(f"The partitions of the days ahead were not made ({said}). Run: stanchion partitions run")


def judge(session: Session, load_id: int) -> int:
    """Compare what was tracked with scores that were confirmed or amended since; how many games that was."""
    with session.transaction() as conn:
        statement = "select f.game_key from contest.fixture as f where f.tenant_id = %s and not f.is_judged order by 1"
        keys = [key for (key,) in conn.execute(statement, [session.tenant_id])]
    if keys:
        store = Store(session, load_id, session.settings())
        for key in keys:
            store.settle(key)
    return len(keys)


@contextmanager
def _ended(session: Session, total: Total) -> Iterator[None]:
    """Write how a load ended. Where even that fails, its lock is gone and the next load reaps it."""
    try:
        yield
        total.state = "interrupted" if total.state == "interrupted" else "done"
    except BaseException:
        total.state = "failed"
        raise
    finally:
        if total.load_id is not None:
            try:
                finish(session, total)
            except psycopg.Error:
                if total.state != "failed":
                    raise


def finish(session: Session, total: Total) -> None:
    with session.transaction() as conn:
        conn.execute(
            "select landing.finish_load(%s, %s, %s, %s, %s)",
            [total.load_id, total.state, Jsonb(dict(total.outcomes)), total.accepted, total.rejected],
        )


def _results(task: Task, jobs: int, total: Total) -> Iterator[Done]:
    """What the workers tell, as they tell it."""
    context = multiprocessing.get_context("fork")  # before any thread of ours is there
    claim, stop = context.Value("q", 0), context.Event()
    pipes: dict[Pipe, Any] = {}
    for _ in range(jobs):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_start, args=(task, claim, stop, theirs, ours, tuple(pipes)), daemon=True)
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
                    if isinstance(message, dict):
                        yield Done(**message)
                        continue
                    del pipes[pipe]  # type: ignore[arg-type]
                    if message is not None:
                        failure = failure or message
                        stop.set()
            except KeyboardInterrupt:
                if stop.is_set():
                    raise
                stop.set()
                total.state = "interrupted"
    finally:
        stop.set()
        for process in processes:
            process.join(5)
            if process.is_alive():
                process.kill()
    if failure:
        raise failure


def _start(task: Task, claim: Any, stop: Any, pipe: Pipe, *inherited: Any) -> None:
    """Begin a worker without the ends of pipes that are not its own, so that it notices when we are gone."""
    ours, others = inherited
    for each in (ours, *others):
        each.close()
    work(task, claim, stop, pipe)


def _receive(pipe: Pipe) -> Any:
    try:
        return pipe.recv()
    except EOFError:
        return StanchionError("A worker was killed; what it had not committed was not done. Run the load again.")
