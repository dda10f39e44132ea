"""Metrics for Prometheus: ops/metrics.sql, the age of the marts, and the alerts of `stanchion doctor`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stanchion.audit.findings import HIGH, WARNING
from stanchion.ops.check import Check
from stanchion.ops.doctor import watch
from stanchion.ops.stats import ages
from stanchion.paths import queries
from stanchion.server.connection import Connection, require_deployed

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_UNITS = ("seconds", "bytes")  # of OpenMetrics, at the end of a name
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_LIMIT = "30s"  # of one query, so that scrapes of a busy server do not pile up


@dataclass(frozen=True)
class Metric:
    """A gauge with its samples: the values of its labels, and a number."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Sequence[tuple[tuple[str, ...], float]]

    def lines(self) -> Iterator[str]:
        """Yield the lines of the metric in the text format of OpenMetrics."""
        name = f"stanchion_{self.name}"
        yield f"# TYPE {name} gauge"
        if unit := next((unit for unit in _UNITS if name.endswith(f"_{unit}")), None):
            yield f"# UNIT {name} {unit}"
        yield f"# HELP {name} {self.help.translate(_ESCAPED)}"
        for values, number in self.samples:
            pairs = zip(self.labels, values, strict=True)
            listed = ",".join(f'{label}="{value.translate(_ESCAPED)}"' for label, value in pairs)
            yield f"{name}{{{listed}}} {number:.17g}" if listed else f"{name} {number:.17g}"


def collect(conn: Connection, data: Path | None) -> list[Metric]:
    """Return every metric. `data` is the data directory of the embedded server."""
    require_deployed(conn)
    conn.execute(f"set statement_timeout = '{_LIMIT}'")
    found = [_measure(conn, name, text) for name, text in queries("ops/metrics.sql").items()]
    known = [(str(row["name"]), row["age_s"]) for row in ages(conn)]
    refreshed = [((name,), float(age)) for name, age in known if age is not None]
    found.append(Metric("refresh_age_seconds", "Time since a mart was updated.", ("relation",), refreshed))
    return [UP, *found, *of_checks(watch(conn, data))]


def _measure(conn: Connection, name: str, text: str) -> Metric:
    """Run a query of ops/metrics.sql: its first line is the help, its last column the value, the others are labels."""
    cursor = conn.execute(text.encode())
    *labels, _ = (column.name for column in cursor.description or ())
    samples = [(tuple(map(str, values)), float(number)) for *values, number in cursor if number is not None]
    return Metric(name, text.partition("\n")[0].removeprefix("-- "), tuple(labels), sorted(samples))


def of_checks(checks: Iterable[Check]) -> list[Metric]:
    """Return the number of alerts of each check, which is 0 while its promise holds."""
    samples = [
        ((check.id, severity), float(sum(each == severity for each in check.severities())))
        for check in checks
        for severity in (HIGH, WARNING)
    ]
    return [Metric("alerts", "Alerts of each check of stanchion doctor.", ("check", "severity"), sorted(samples))]


def _up(number: float) -> Metric:
    return Metric("up", "1 when the server answered, else 0.", (), [((), number)])


UP, DOWN = _up(1), _up(0)


def openmetrics(metrics: Iterable[Metric]) -> str:
    """Return the text format of OpenMetrics."""
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines()) + "# EOF\n"
