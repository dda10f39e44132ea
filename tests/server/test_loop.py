"""A signal stops a loop at any instant."""

import subprocess
import sys

import pytest

from stanchion.server.loop import Stop

LOOP = """
import os, signal, threading
from threading import Event
from stanchion.server.loop import Stop

for _ in range(300):
    stop = {event}()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Timer(0.0005, os.kill, (os.getpid(), signal.SIGTERM)).start()
    while not stop.is_set():
        stop.wait(0)
"""


def run(event: str, seconds: float) -> int:
    return subprocess.run([sys.executable, "-c", LOOP.format(event=event)], check=False, timeout=seconds).returncode


def test_signal_at_any_instant_of_a_wait_stops_the_loop() -> None:
    assert run("Stop", 60) == 0


def test_event_of_the_library_hangs() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run("Event", 5)


def test_each_waiting_thread_is_woken() -> None:
    stop = Stop()
    assert (stop.is_set(), stop.wait(0)) == (False, False)
    stop.set()
    assert [stop.wait(1), stop.wait(1), stop.is_set()] == [True, True, True]
