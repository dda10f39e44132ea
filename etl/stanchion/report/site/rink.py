"""A rink as SVG, in feet from the middle, with shots on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot

from markupsafe import Markup, escape

_OUTLINE = '<rect class="ice" x="-100" y="-42.5" width="200" height="85" rx="28"/>'
_MIDDLE = '<path class="red" d="M0-42.5V42.5"/><circle class="blue" r="15"/>'


@dataclass(frozen=True)
class Shot:
    """A shot with its place on the drawn rink."""

    x: float
    y: float
    outcome: str  # class of the style sheet
    side: str = ""
    size: float = 1
    title: str = ""


def whole_rink(shots: Iterable[Shot], label: str) -> Markup:
    """Return both ends of a rink with shots; goals are on top."""
    ordered = sorted(shots, key=lambda shot: shot.outcome == "goal")
    return _svg("-101 -43.5 202 87", label, _MIDDLE + _end(1) + _end(-1), "".join(map(_mark, ordered)))


def half_rink(shots: Sequence[Shot], label: str) -> Markup:
    """Return the end that the shooting team attacks, with its shots as points of one colour an outcome.

    Shots from the other half are left out: the caller prints their number.
    """
    points = []
    for outcome in ("blocked", "missed", "saved", "goal"):
        path = "".join(f"M{shot.x:.1f} {-shot.y:.1f}h0" for shot in shots if shot.outcome == outcome and shot.x >= 0)
        if path:
            points.append(f'<path class="dots {outcome}" d="{path}"/>')
    return _svg("-1 -43.5 102 87", label, '<path class="red" d="M0-42.5V42.5"/>' + _end(1), "".join(points))


def heat(squares: Iterable[tuple[int, int, int]], most: int, label: str) -> Markup:
    """Return the attacked end with squares of five feet: position and number of attempts, darker for more."""
    drawn = []
    for x, y, attempts in squares:
        if attempts and _is_on_ice(5 * x + 2.5, 5 * y + 2.5):
            top, bottom = max(-5 * y - 5, -42.5), min(-5 * y, 42.5)
            shade = (attempts / most) ** 0.5 if most else 0
            drawn.append(f'<path class="heat" opacity="{shade:.2f}" d="M{5 * x} {top}h5V{bottom}h-5Z"/>')
    return _svg("-1 -43.5 102 87", label, '<path class="red" d="M0-42.5V42.5"/>' + _end(1), "".join(drawn))


def _is_on_ice(x: float, y: float) -> bool:
    """Return whether a place in the attacked half is inside the boards."""
    beyond = max(x - 72, 0), max(abs(y) - 14.5, 0)
    return x >= 0 and abs(y) <= 42.5 and (0 in beyond or hypot(*beyond) <= 28)


def _svg(box: str, label: str, lines: str, marks: str) -> Markup:
    return Markup(  # noqa: S704 - the label is escaped, and titles of marks are
        f'<svg class="rink" viewBox="{box}" role="img" aria-label="{escape(label)}" focusable="false">'
        f"{_OUTLINE}{lines}{marks}</svg>"
    )


def _end(turn: int) -> str:
    """Return the blue line, goal line, circles and crease of one end."""
    circles = "".join(
        f'<circle class="red" cx="{turn * 69}" cy="{y}" r="15"/><circle class="spot" cx="{turn * 69}" cy="{y}" r="1"/>'
        for y in (-22, 22)
    )
    return (
        f'<path class="blue" d="M{turn * 25}-42.5V42.5"/><path class="red" d="M{turn * 89}-36.8V36.8"/>{circles}'
        f'<path class="crease" d="M{turn * 89}-4H{turn * 84.5}Q{turn * 82} 0 {turn * 84.5} 4H{turn * 89}Z"/>'
    )


def _mark(shot: Shot) -> str:
    title = f"<title>{escape(shot.title)}</title>" if shot.title else ""
    place = f'cx="{shot.x:.1f}" cy="{-shot.y:.1f}"'
    if shot.outcome == "blocked":
        x, y = shot.x, -shot.y
        return f'<path class="shot cross {shot.side}" d="M{x - 1:.1f} {y - 1:.1f}l2 2m0-2l-2 2">{title}</path>'
    kind = {"goal": "scored", "saved": "kept"}.get(shot.outcome, "hollow")
    return f'<circle class="shot {kind} {shot.side}" {place} r="{shot.size:.1f}">{title}</circle>'
