"""The scaling curves of the sweep as an SVG: our CPU by what is due, one line for each amount stored."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 360, 70, 50, 40, 130
COLOURS = ("#0b7285", "#e8590c", "#5f3dc4")
Points = dict[int, dict[int, float]]


def sweep_chart(rows: Iterable[Mapping[str, Any]]) -> str:
    """From rows with keys `sweep_<stored>_<due>`; both axes logarithmic."""
    points = _points(rows)
    values = [(due, seconds) for line in points.values() for due, seconds in line.items()]
    scale = _Scale(values)
    parts = [
        _frame(scale),
        *(_line(scale, n, stored, line) for n, (stored, line) in enumerate(points.items())),
    ]
    fonts = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {fonts}>'
    return "\n".join([head, f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>', *parts, "</svg>\n"])


def _points(rows: Iterable[Mapping[str, Any]]) -> Points:
    points: Points = {}
    for row in rows:
        if row.get("key", "").startswith("sweep_"):
            _, stored, due = row["key"].split("_")
            points.setdefault(int(stored), {})[int(due)] = row["value"]
    return points


class _Scale:
    """Places on the picture for what was measured; whole decades."""

    def __init__(self, values: list[tuple[int, float]]) -> None:
        dues, seconds = zip(*values, strict=True)
        self.x = (math.floor(math.log10(min(dues))), math.ceil(math.log10(max(dues))))
        self.y = (math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds))))

    def across(self, due: float) -> float:
        return LEFT + (math.log10(due) - self.x[0]) / (self.x[1] - self.x[0]) * (WIDTH - LEFT - RIGHT)

    def up(self, seconds: float) -> float:
        part = (math.log10(seconds) - self.y[0]) / (self.y[1] - self.y[0])
        return HEIGHT - BOTTOM - part * (HEIGHT - BOTTOM - TOP)


def _frame(scale: _Scale) -> str:
    right, floor = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = [
        f'<text x="{LEFT}" y="22" font-size="14">Our CPU for a sweep, by completions due</text>',
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 12}" text-anchor="middle">due</text>',
    ]
    for power in range(scale.x[0], scale.x[1] + 1):
        x = scale.across(10**power)
        parts.append(f'<path d="M{x:.1f} {TOP}V{floor}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{10**power:,}</text>')
    for power in range(scale.y[0], scale.y[1] + 1):
        y = scale.up(10**power)
        parts.append(f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g} s</text>')
    return "\n".join(parts)


def _line(scale: _Scale, number: int, stored: int, line: Mapping[int, float]) -> str:
    colour = COLOURS[number % len(COLOURS)]
    places = [(scale.across(due), scale.up(seconds)) for due, seconds in sorted(line.items())]
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in places)
    legend = TOP + 20 + 20 * number
    label = f'<text x="{WIDTH - RIGHT + 12}" y="{legend}" fill="{colour}">{stored:,} stored</text>'
    return f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}{label}'
