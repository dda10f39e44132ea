"""Metrics of one process in the text format of OpenMetrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from stanchion.ops.metrics import Metric, openmetrics
from stanchion.serve.crowd import Crowd
from stanchion.serve.database import Database

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass
class Histogram:
    """The durations of requests, by route."""

    name: str
    help: str
    _counts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * (len(_BOUNDS) + 1)))
    _sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, route: str, seconds: float) -> None:
        place = next((at for at, bound in enumerate(_BOUNDS) if seconds <= bound), len(_BOUNDS))
        self._counts[route][place] += 1
        self._sums[route] += seconds

    def lines(self) -> Iterator[str]:
        """Yield the lines of the histogram, with counts that add up from bound to bound."""
        name = f"stanchion_{self.name}"
        yield f"# TYPE {name} histogram"
        yield f"# UNIT {name} seconds"
        yield f"# HELP {name} {self.help}"
        for route, counts in sorted(self._counts.items()):
            total = 0
            for bound, count in zip((*map(str, _BOUNDS), "+Inf"), counts, strict=True):
                total += count
                yield f'{name}_bucket{{route="{route}",le="{bound}"}} {total}'
            yield f'{name}_count{{route="{route}"}} {total}'
            yield f'{name}_sum{{route="{route}"}} {self._sums[route]:.17g}'


class Counts:
    """Numbers of this process since its start."""

    def __init__(self, database: Database, crowd: Crowd) -> None:
        self._database, self._crowd = database, crowd
        self._requests: dict[tuple[str, str, str], int] = defaultdict(int)
        self._seconds = Histogram("serve_request_seconds", "Time of a request until the head of its answer, by route.")
        self.running = 0
        self.more: list[Callable[[], Iterable[Metric]]] = []  # of other parts of the server

    def add(self, route: str, method: str, status: int, seconds: float) -> None:
        self._requests[route, method, str(status)] += 1
        self._seconds.add(route, seconds)

    def text(self) -> str:
        return openmetrics(self._all())

    def _all(self) -> Iterable[Metric | Histogram]:
        samples: list[tuple[tuple[str, ...], float]] = [(key, float(count)) for key, count in self._requests.items()]
        yield Metric("serve_requests", "Requests by route.", ("route", "method", "status"), samples, kind="counter")
        yield self._seconds
        yield Metric("serve_running", "Requests that run now.", (), [((), float(self.running))])
        yield Metric("serve_connections", "Connections of clients.", (), [((), float(self._crowd.size))])
        yield Metric(
            "serve_refused_connections", "Connections beyond the limits.", (), [((), float(self._crowd.refused))],
            kind="counter",
        )  # fmt: skip
        pools: list[tuple[tuple[str, ...], float]] = [
            ((pool, key), float(number))
            for pool, numbers in self._database.statistics().items()
            for key, number in numbers.items()
        ]
        yield Metric("serve_pool", "Numbers of the pools of connections.", ("pool", "number"), pools)
        for part in self.more:
            yield from part()
