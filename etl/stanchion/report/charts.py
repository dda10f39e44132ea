"""Charts as SVG. Positions are percentages, so that a chart fits any width and its texts keep their size."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

Point = tuple[float, float]
_LONGEST = 14  # letters of a name beside a chart


@dataclass(frozen=True)
class Line:
    """A line of a chart, with its name at the right end."""

    name: str
    colour: str  # class of the style sheet
    points: Sequence[Point]


def lines(
    of: Sequence[Line],
    whole: float,
    height: int = 240,
    marks: Iterable[tuple[float, str]] = (),
    dots: Iterable[tuple[float, float, str, str]] = (),
    as_steps: bool = False,
    floor: float = 0,
) -> Markup:
    """Return lines from 0 to `whole`, vertical marks with a label at the bottom, and dots with a class and a title.

    The chart begins at `floor`, or lower if a value is.
    """
    values = [y for line in of for _, y in line.points]
    low, high = min(floor, *values) if values else floor, max(values, default=1)
    high = high if high > low else low + 1
    names = [line for line in of if line.name]

    def across(x: float) -> float:
        return 100 * x / (whole or 1)

    def down(y: float) -> float:
        return 16 + (height - 38) * (high - y) / (high - low)

    open_svg = f'<svg class="chart" width="100%" height="{height}" aria-hidden="true" focusable="false">'
    parts = ['<div class="named">' if names else "", open_svg]
    for tick in _ticks(low, high):
        y = down(tick)
        parts.append(f'<line class="rule" x1="0" x2="100%" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" x="0" y="{y - 3:.1f}">{f"{tick:g}".replace("-", "−")}</text>')
    for x, label in marks:
        parts.append(f'<line class="mark" x1="{across(x):.2f}%" x2="{across(x):.2f}%" y1="0" y2="{height - 18}"/>')
        parts.append(f'<text class="tick" x="{across(x):.2f}%" dx="3" y="{height - 4}">{escape(label)}</text>')
    for line in of:
        box = f'<svg width="100%" height="{height}" viewBox="0 0 10000 {height}" preserveAspectRatio="none">'
        parts.append(f'{box}<path class="line {line.colour}" d="{_path(line.points, whole, down, as_steps)}"/></svg>')
    for x, y, kind, title in dots:
        parts.append(f'<circle class="{kind}" cx="{across(x):.2f}%" cy="{down(y):.1f}" r="5">')
        parts.append(f"<title>{escape(title)}</title></circle>")
    parts.append(f"</svg>{open_svg}" if names else "")
    for y, line in _apart([(down(line.points[-1][1]), line) for line in names if line.points], 13, height - 20):
        name = line.name if len(line.name) <= _LONGEST else f"{line.name[: _LONGEST - 1]}…"
        parts.append(f'<text class="name {line.colour}" y="{y + 4:.1f}">{escape(name)}</text>')
    return Markup("".join(parts) + "</svg>" + ("</div>" if names else ""))  # noqa: S704 - every text is escaped above


def spark(values: Sequence[float], low: float, high: float) -> Markup:
    """Return a small line of values between `low` and `high`, with a rule at 0."""
    if high <= low:
        low, high = low - 1, high + 1

    def down(y: float) -> float:
        return 1 + 20 * (high - y) / (high - low)

    path = _path(list(enumerate(values)), max(len(values) - 1, 1), down, as_steps=False)
    return Markup(  # noqa: S704 - numbers only
        '<svg class="spark" width="100%" height="22" viewBox="0 0 10000 22" preserveAspectRatio="none" '
        f'aria-hidden="true" focusable="false"><path class="rule" d="M0 {down(0):.1f}H10000"/>'
        f'<path class="line team0" d="{path}"/></svg>'
    )


def shifts(of: Iterable[tuple[float, float]], whole: float, marks: Iterable[float] = ()) -> Markup:
    """Return the shifts of one player as bars over a game, with lines at the ends of periods."""
    bars = "".join(
        f"M{100 * start / whole:.1f} 1H{100 * end / whole:.1f}V13H{100 * start / whole:.1f}Z" for start, end in of
    )
    ends = "".join(f"M{100 * mark / whole:.1f} 0V14" for mark in marks)
    return Markup(  # noqa: S704 - numbers only
        '<svg class="shifts" width="100%" height="14" viewBox="0 0 100 14" preserveAspectRatio="none" '
        f'aria-hidden="true" focusable="false"><path d="{bars}"/><path class="line rule" d="{ends}"/></svg>'
    )


def timeline(events: Iterable[tuple[float, str, str, str]], whole: float, marks: Iterable[tuple[float, str]]) -> Markup:
    """Return events on the time of a game: of the home team above, of the away team below.

    An event has a time, a side, a class (goal or penalty) and a title.
    """
    parts = ['<svg class="chart" width="100%" height="86" aria-hidden="true" focusable="false">']
    parts.append('<line class="axis" x1="0" x2="100%" y1="34" y2="34"/>')
    for at, label in marks:
        x = 100 * at / whole
        parts.append(f'<line class="mark" x1="{x:.2f}%" x2="{x:.2f}%" y1="4" y2="64"/>')
        parts.append(f'<text class="tick" x="{x:.2f}%" dx="3" y="82">{escape(label)}</text>')
    for at, side, kind, title in events:
        x, y = 100 * min(max(at / whole, 0.008), 0.992), 18 if side == "home" else 50
        if kind == "goal":
            parts.append(f'<circle class="{side}" cx="{x:.2f}%" cy="{y}" r="7"><title>{escape(title)}</title></circle>')
        else:
            parts.append(
                f'<svg x="{x:.2f}%" y="{y - 6}" overflow="visible"><rect class="hollow {side}" x="-4" width="8" '
            )
            parts.append(f'height="12"><title>{escape(title)}</title></rect></svg>')
    return Markup("".join(parts) + "</svg>")  # noqa: S704 - every text is escaped above


def strip(value: float | None, values: Sequence[float]) -> Markup:
    """Return where a value is between the lowest and the highest of all, with a tick at the median."""
    if value is None or not values:
        return Markup()
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]

    def across(of: float) -> float:
        return 4 + 92 * (of - low) / (high - low) if high > low else 50

    middle = across(ordered[len(ordered) // 2])
    return Markup(  # noqa: S704 - numbers only
        '<svg class="strip" width="100%" height="14" aria-hidden="true" focusable="false">'
        '<line class="axis" x1="4%" x2="96%" y1="7" y2="7"/>'
        f'<line class="middle" x1="{middle:.1f}%" x2="{middle:.1f}%" y1="2" y2="12"/>'
        f'<circle class="point" cx="{min(max(across(value), 4), 96):.1f}%" cy="7" r="4.5"/></svg>'
    )


def _path(points: Sequence[Point], whole: float, down: Callable[[float], float], as_steps: bool) -> str:
    path = ""
    for x, y in points:
        across = f"{10000 * x / (whole or 1):.0f}"
        if path and as_steps:
            path += f"H{across}V{down(y):.1f}"
        else:
            path += f"{'L' if path else 'M'}{across} {down(y):.1f}"
    return path


def _ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers from low to high: multiples of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** floor(log10((high - low) / 4))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= (high - low) / 4)
    return [number * step for number in range(ceil(low / step), floor(high / step) + 1)]


def _apart(ends: list[tuple[float, Line]], gap: float, lowest: float) -> list[tuple[float, Line]]:
    """Move names apart, so that none covers another; keep their order."""
    placed: list[tuple[float, Line]] = []
    for y, line in sorted(ends, key=lambda end: end[0]):
        placed.append((max(y, placed[-1][0] + gap) if placed else y, line))
    excess = placed[-1][0] - lowest if placed else 0
    if excess > 0:  # move up from the bottom
        below = lowest + gap
        for number in range(len(placed) - 1, -1, -1):
            y, line = placed[number]
            below = min(y, below - gap)
            placed[number] = (below, line)
    return placed
