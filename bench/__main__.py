"""`python -m bench [part …]`: all parts, or those that are named. `publish`: put the last results into the docs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from local.place import ROOT

from bench import report
from bench.report import Row
from bench.rig import ByTheRules, OnTheEmulator, quiet, table_server


def _units() -> Iterable[Row]:
    from bench import units

    return units.measure(ByTheRules())


def _speed() -> Iterable[Row]:
    from bench import speed

    with table_server() as place:
        yield from speed.measure(OnTheEmulator(place))


def _cold_start() -> Iterable[Row]:
    from bench import cold_start

    return cold_start.measure()


def _latency() -> Iterable[Row]:
    from bench import latency

    return latency.measure()


def _lists() -> Iterable[Row]:
    from bench import lists

    return lists.measure(ByTheRules())


def _crm() -> Iterable[Row]:
    from bench import crm

    return crm.measure()


def _sweep() -> Iterable[Row]:
    from bench import sweep

    with table_server() as place:
        yield from sweep.measure(OnTheEmulator(place))


def _scale() -> Iterable[Row]:
    from bench import scale

    return scale.measure()


PARTS: Mapping[str, Callable[[], Iterable[Row]]] = {
    "units": _units,
    "lists": _lists,
    "crm": _crm,
    "cold_start": _cold_start,
    "speed": _speed,
    "latency": _latency,
    "sweep": _sweep,
    "scale": _scale,
}


def main(wanted: list[str]) -> int:
    if wanted == ["publish"]:
        report.publish()
        return 0
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    quiet()
    for part in wanted or PARTS:
        rows = list(PARTS[part]())
        report.show(part, rows)
        place = report.save(part, rows)
    print(f"\nAs JSON: {place.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
