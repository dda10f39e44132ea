"""Configurations of monitors, made from the metrics and the checks: alert rules, queries and a dashboard."""

import json
import re
from collections.abc import Iterable
from typing import Any

import yaml

from stanchion.ops.check import Check, usual_severity
from stanchion.ops.metrics import ALERTS, SOURCE, helps_of
from stanchion.paths import queries, query

_PER_ROW, _WIDTH, _HEIGHT = 3, 8, 7  # of panels, on Grafana's grid of 24 columns
_UNITS = {"seconds": "s", "bytes": "bytes"}
_DATA = {"type": "prometheus", "uid": "${datasource}"}


def rules(checks: Iterable[Check]) -> str:
    """Return alert rules of Prometheus as YAML: one for each check, and one for a database that does not answer."""
    found = [
        _rule(
            "StanchionDown", "stanchion_up == 0 or absent(stanchion_up)", "critical",
            "The database does not answer, or no metrics arrive.", "Start the server, or stanchion metrics.",
        )
    ]  # fmt: skip
    for check in checks:
        name = "".join(word.capitalize() for word in check.id.split("_"))
        expression = f'stanchion_{ALERTS}{{check="{check.id}"}} > 0'
        promise = re.sub(r" \(.*\)", "", check.promise)  # without the value of this moment
        remedy = "stanchion doctor prints each problem with its remedy."
        found.append(
            _rule(f"Stanchion{name}", expression, "{{ $labels.severity }}", f"This does not hold: {promise}", remedy)
        )
    return _yaml({"groups": [{"name": "stanchion", "rules": found}]})


def _rule(name: str, expression: str, severity: str, summary: str, description: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": "2m",
        "labels": {"severity": severity},
        "annotations": {"summary": summary, "description": description},
    }


def exporter() -> str:
    """Return the same metrics as queries of postgres_exporter, as YAML. It lacks stanchion_up, and has pg_up."""
    groups = {
        f"stanchion_{group}": _exported(_without_comments(text), helps_of(text), _labels(text))
        for group, text in queries(SOURCE).items()
    }
    counts = [_without_comments(query("ops", "threshold_alerts"))]
    for name, text in queries("ops/checks.sql").items():
        inner = _without_comments(text)
        counted = f"select '{name}', '{usual_severity(name)}', count(*) from (\n{inner}\n) as found"  # noqa: S608 - ours
        counts.append(counted)
    helps = {"count": "Alerts of the check of stanchion doctor."}
    groups["stanchion_alert"] = _exported("\nunion all\n".join(counts), helps, ("check", "severity"))
    return _yaml(groups)


def _exported(text: str, helps: dict[str, str], labels: Iterable[str]) -> dict[str, Any]:
    return {
        "query": text,
        "metrics": [
            *({label: {"usage": "LABEL", "description": label}} for label in labels),
            *({name: {"usage": "GAUGE", "description": help_}} for name, help_ in helps.items()),
        ],
    }


def _labels(text: str) -> tuple[str, ...]:
    """Return the columns of a query of ops/metrics.sql that have no help."""
    selected = _without_comments(text).partition("\nfrom")[0].removeprefix("select").split(",\n")
    names = [column.strip().rpartition(" as ")[2].rpartition(".")[2] for column in selected]
    return tuple(name for name in names if name not in helps_of(text))


def _without_comments(text: str) -> str:
    return "\n".join(line.partition(" -- ")[0] for line in text.splitlines() if not line.lstrip().startswith("--"))


def dashboard() -> str:
    """Return a dashboard of Grafana as JSON: the alerts first, then a panel for each metric."""
    alerts = f"sum by (check, severity) (stanchion_{ALERTS}) > 0"
    panels = [
        _panel("stat", "Answers", "stanchion_up", "{{instance}}"),
        _panel("timeseries", "Alerts of each check", alerts, "{{check}} ({{severity}})"),
    ]
    for group, text in queries(SOURCE).items():
        legend = " ".join(f"{{{{{label}}}}}" for label in _labels(text)) or "{{instance}}"
        for column, help_ in helps_of(text).items():
            unit = _UNITS.get(column.rpartition("_")[2], "short")
            name = f"stanchion_{group}_{column}"
            panels.append(_panel("timeseries", help_.rstrip("."), name, legend, unit))
    for number, panel in enumerate(panels):
        row, column_ = divmod(number, _PER_ROW)
        panel["id"] = number + 1
        panel["gridPos"] = {"x": column_ * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT}
    variable = {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Data source"}
    return json.dumps(
        {
            "title": "Stanchion",
            "uid": "stanchion",
            "schemaVersion": 39,
            "refresh": "1m",
            "time": {"from": "now-24h", "to": "now"},
            "templating": {"list": [variable]},
            "panels": panels,
        },
        indent=2,
    )


def _panel(kind: str, title: str, expression: str, legend: str, unit: str = "short") -> dict[str, Any]:
    return {
        "type": kind,
        "title": title,
        "datasource": _DATA,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": _DATA, "expr": expression, "legendFormat": legend}],
    }


def _yaml(tree: Any) -> str:
    return str(yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000))


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None),
)
