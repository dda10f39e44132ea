"""Run a way to do something in a process of its own, which shows its CPU time and its memory."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any, Generic, TypeVar

from stanchion.errors import StanchionError

T = TypeVar("T")


@dataclass(frozen=True)
class Apart(Generic[T]):
    """The result of a way, and the CPU time and memory of its process. The server is not included."""

    result: T
    cpu: float
    megabytes: float  # most memory of one process


def run_apart(what: str, way: Callable[[], T]) -> Apart[T]:
    """Run a way in a forked process, so that its threads and its memory end with it."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_work, args=(way, sender))
    process.start()
    sender.close()  # so that the end of the process ends the pipe
    try:
        done: Apart[T] | str = receiver.recv()
    except EOFError:
        done = ""
    process.join()
    if isinstance(done, Apart):
        return done
    ended = f"its process was ended by signal {-(process.exitcode or 0)}." if (process.exitcode or 0) < 0 else ""
    raise StanchionError(f"{what} failed: {done or ended or 'its output is above.'}")


def _work(way: Callable[[], Any], sender: Pipe) -> None:
    try:
        result = way()
    except StanchionError as error:
        sender.send(str(error))
        return
    own, children = (resource.getrusage(which) for which in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
    sender.send(Apart(result, cpu, max(own.ru_maxrss, children.ru_maxrss) / 1024))
