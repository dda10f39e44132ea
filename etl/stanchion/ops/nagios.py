"""The result of `stanchion doctor` as a plug-in of Nagios, Icinga and their relatives prints it."""

from collections.abc import Sequence

from stanchion.audit.findings import WARNING
from stanchion.ops.check import Check

STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
UNKNOWN = 3


def nagios(checks: Sequence[Check]) -> tuple[int, str]:
    """Return the exit code and the text: a summary with the numbers for graphs, then a line for each alert."""
    alerts = [pair for check in checks for pair in zip(check.severities(), check.alerts, strict=True)]
    code = 2 if any(severity != WARNING for severity, _ in alerts) else 1 if alerts else 0
    worst_first = sorted(alerts, key=lambda pair: pair[0] == WARNING)
    lines = [_line(f"{severity}: {alert.problem} {alert.remedy}") for severity, alert in worst_first]
    summary = f"{len(checks)} checks, {len(alerts)} alerts"
    if worst_first:
        summary += f": {_line(worst_first[0][1].problem)}"
    return code, "\n".join(
        [f"STANCHION {STATES[code]} - {summary} | checks={len(checks)} alerts={len(alerts)}", *lines]
    )


def unknown(reason: str) -> str:
    """Return the text when the database could not be checked."""
    return f"STANCHION {STATES[UNKNOWN]} - {_line(reason)}"


def _line(text: str) -> str:
    """Return a text on one line. The character | would begin the numbers for graphs."""
    return " ".join(text.split()).replace("|", "/")
