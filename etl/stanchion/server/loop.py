"""The loop of commands that repeat their work until they are stopped."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import psycopg

from stanchion.progress import Report


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
