"""Metrics for Prometheus: the columns of the queries in ops/metrics.sql, and the alerts of `stanchion doctor`."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from psycopg import Cursor

from stanchion.audit.findings import CRITICAL, HIGH, WARNING
from stanchion.ops.check import Check
from stanchion.ops.doctor import watch
from stanchion.paths import queries
from stanchion.server.connection import Connection, require_deployed

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SOURCE = "ops/metrics.sql"
ALERTS = "alert_count"
_UNITS = ("seconds", "bytes")  # of OpenMetrics, at the end of a name
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
_HELP = re.compile(r"^-- (\w+): (.+)$", re.MULTILINE)
_LIMIT = "30s"  # of one query, so that scrapes of a busy server do not pile up


@dataclass(frozen=True)
class Metric:
    """A gauge or a counter with its samples: the values of its labels, and a number."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    samples: list[tuple[tuple[str, ...], float]] = field(default_factory=list)
    kind: Literal["gauge", "counter"] = "gauge"

    def lines(self) -> Iterator[str]:
        """Yield the lines of the metric in the text format of OpenMetrics."""
        name = f"stanchion_{self.name}"
        yield f"# TYPE {name} {self.kind}"
        if unit := next((unit for unit in _UNITS if name.endswith(f"_{unit}")), None):
            yield f"# UNIT {name} {unit}"
        yield f"# HELP {name} {self.help.translate(_ESCAPED)}"
        name += "_total" if self.kind == "counter" else ""
        for values, number in sorted(self.samples):
            pairs = zip(self.labels, values, strict=True)
            listed = ",".join(f'{label}="{value.translate(_ESCAPED)}"' for label, value in pairs)
            yield f"{name}{{{listed}}} {number:.17g}" if listed else f"{name} {number:.17g}"


def helps_of(text: str) -> dict[str, str]:
    """Return the columns with a number of a query of ops/metrics.sql, with their help. The other columns are labels."""
    return dict(_HELP.findall(text))


def collect(conn: Connection, data: Path | None) -> list[Metric]:
    """Return every metric. `data` is the data directory of the embedded server."""
    require_deployed(conn)
    conn.execute(f"set statement_timeout = '{_LIMIT}'")
    found = [UP]
    for group, text in queries(SOURCE).items():
        found += _measure(conn.execute(text.encode()), group, helps_of(text))
    return [*found, of_checks(watch(conn, data))]


def _measure(cursor: Cursor[tuple[object, ...]], group: str, helps: dict[str, str]) -> list[Metric]:
    columns = [column.name for column in cursor.description or ()]
    labels = tuple(name for name in columns if name not in helps)
    metrics = {name: Metric(f"{group}_{name}", helps[name], labels) for name in columns if name in helps}
    for row in cursor:
        values = dict(zip(columns, row, strict=True))
        for name, metric in metrics.items():
            if (number := values[name]) is not None:
                metric.samples.append((tuple(str(values[label]) for label in labels), float(str(number))))
    return list(metrics.values())


def of_checks(checks: Iterable[Check]) -> Metric:
    """Return the number of alerts of each check, which is 0 while its promise holds."""
    samples: list[tuple[tuple[str, ...], float]] = [
        ((check.id, severity), float(sum(each == severity for each in check.severities())))
        for check in checks
        for severity in (CRITICAL, HIGH, WARNING)
    ]
    return Metric(ALERTS, "Alerts of the check of stanchion doctor.", ("check", "severity"), samples)


def _up(number: float) -> Metric:
    return Metric("up", "1 when the database answered, else 0.", (), [((), number)])


UP, DOWN = _up(1), _up(0)


class Lines(Protocol):
    """Anything that has lines in the text format of OpenMetrics."""

    def lines(self) -> Iterator[str]: ...


def openmetrics(metrics: Iterable[Lines]) -> str:
    """Return the text format of OpenMetrics."""
    return "".join(f"{line}\n" for metric in metrics for line in metric.lines()) + "# EOF\n"
