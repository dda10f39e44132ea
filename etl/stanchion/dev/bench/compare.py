"""Compare alternatives that take turns, so that other load on the machine affects all of them."""

from dataclasses import dataclass
from statistics import median

from stanchion.dev.bench.load import Run, run
from stanchion.dev.bench.scratch import Scratch
from stanchion.progress import Report


@dataclass(frozen=True)
class Alternative:
    name: str
    script: str
    scratch: Scratch
    bar: float | None = None  # least ratio to the rate of the first alternative


@dataclass(frozen=True)
class Result:
    """Medians of the rounds. The ratio is the median of the ratios within each round."""

    what: str
    clients: int
    per_second: float
    p50_ms: float
    p95_ms: float
    ratio: float | None
    bar: float | None
    peer: str | None = None  # the other program that this line measures, compared with Stanchion
    task: str = ""  # what the peer is compared in, where its benchmark has several tasks
    is_detail: bool = False  # belongs on the page of single marts

    @property
    def holds(self) -> bool:
        return self.bar is None or self.ratio is None or self.ratio >= self.bar

    @property
    def is_faster_peer(self) -> bool:
        return self.peer is not None and self.ratio is not None and self.ratio > 1


def compare(
    pgbench: str, alternatives: list[Alternative], *, clients: int, seconds: float, rounds: int, report: Report
) -> list[Result]:
    """Run every alternative once per round, in alternating order. The others are compared with the first one."""
    runs: dict[str, list[Run]] = {alternative.name: [] for alternative in alternatives}
    for round_ in range(rounds):
        for alternative in alternatives if round_ % 2 == 0 else reversed(alternatives):
            scratch = alternative.scratch
            done = run(
                pgbench,
                scratch.environment,
                alternative.script,
                clients=clients,
                seconds=seconds,
                define=scratch.define,
            )
            runs[alternative.name].append(done)
        report(f"{clients} clients, round {round_ + 1} of {rounds}")
    first = runs[alternatives[0].name]
    return [summarize(each.name, clients, runs[each.name], first, each.bar) for each in alternatives]


def summarize(what: str, clients: int, own: list[Run], first: list[Run], bar: float | None = None) -> Result:
    """Return the medians of the runs of an alternative, with the ratio to the first one."""
    ratios = [mine.per_second / other.per_second for mine, other in zip(own, first, strict=True)]
    return Result(
        what=what,
        clients=clients,
        per_second=median(run.per_second for run in own),
        p50_ms=median(run.p50_ms for run in own),
        p95_ms=median(run.p95_ms for run in own),
        ratio=None if own is first else median(ratios),
        bar=bar,
    )


def as_row(result: Result) -> dict[str, str]:
    """Return the cells of a result in a table, by column."""
    return {
        "what": result.what,
        "clients": str(result.clients),
        "per second": f"{result.per_second:,.0f}" if result.per_second >= 100 else f"{result.per_second:.1f}",
        "p50 ms": f"{result.p50_ms:.2f}",
        "p95 ms": f"{result.p95_ms:.2f}",
        "ratio": "" if result.ratio is None else f"{result.ratio:.2f}",
        "bar": "" if result.bar is None else f"{result.bar:.2f}, {'reached' if result.holds else 'missed'}",
    }
