"""The loop of commands that repeat their work until they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event

import psycopg

from stanchion.progress import Report


class Stop(Event):
    """An event that a signal handler may set.

    Event.set waits for a lock. When the signal interrupts the thread that holds this lock, the handler never returns.
    SimpleQueue.put never waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self._requests: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        self._requests.put(None)

    def is_set(self) -> bool:
        return not self._requests.empty()

    def wait(self, timeout: float | None = None) -> bool:
        try:
            self._requests.get(timeout=timeout)
        except Empty:
            return False
        self._requests.put(None)  # for the other threads that wait
        return True


def run_every(seconds: float, stop: Event, work: Callable[[], None], report: Report) -> None:
    """Call `work` until `stop` is set, with a pause of `seconds` between calls.

    A lost or unreachable server is reported, and the next call tries again.
    """
    while not stop.is_set():
        try:
            work()
        except psycopg.OperationalError as e:
            reason = str(e).strip().partition("\n")[0]
            report(f"The server does not answer ({reason}); trying again in {seconds:g} s.")
        stop.wait(seconds)
