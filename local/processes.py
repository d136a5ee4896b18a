"""The processes of a place. They are found by what their command line says, so a lost pid file loses nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from local.place import Place

PROC = Path("/proc")


def start(place: Place, python: Path, arguments: Sequence[str], *, log: str, env: Mapping[str, str]) -> int:
    """Start a Python program of this place in a session of its own; its output goes to `log`. Answers its pid."""
    place.run.mkdir(parents=True, exist_ok=True)
    with (place.run / log).open("ab") as output:
        process = subprocess.Popen(
            marked(place, python, arguments),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            start_new_session=True,
        )
    process.returncode = 0  # it is meant to outlive us: no warning that nobody waited for it
    return process.pid


def find(place: Place, word: str = "") -> list[int]:
    """Pids of this place's processes, also orphaned ones, whose command line contains `word`."""
    # The embedded cloud runs each function from a folder under its TMPDIR, which is the place's.
    ours = re.compile(
        rf"(?:-X {re.escape(_mark(place))}|(?<!\S){re.escape(str(place.run))}/functions/\S+)(?:\s|$)"
    )
    return [pid for pid, command in _all() if ours.search(command) and word in command and pid != os.getpid()]


def stop(place: Place, word: str = "", *, patience: float = 5) -> int:
    """End this place's processes: politely, after `patience` seconds by force. Answers how many there were."""
    first = find(place, word)
    _signal(first, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (left := find(place, word)) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal(left, signal.SIGKILL)
    while find(place, word):
        time.sleep(0.05)
    return len(first)


def marked(place: Place, python: Path, arguments: Sequence[str]) -> list[str]:
    """The command of a Python program that `find` knows as this place's."""
    # Python ignores an -X that it does not know.
    return [str(python), "-X", _mark(place), *arguments]


def _mark(place: Place) -> str:
    return f"local={place.run}"


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue  # it ended by itself


def _all() -> Iterator[tuple[int, str]]:
    if not (PROC / "self" / "cmdline").exists():
        yield from _all_by_ps()
        return
    for folder in PROC.glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue  # ended meanwhile
        if command:  # a zombie has none
            yield int(folder.name), command


def _all_by_ps() -> Iterator[tuple[int, str]]:
    listing = subprocess.run(
        ["ps", "-axww", "-o", "pid=,command="], check=True, capture_output=True, text=True
    )
    for line in listing.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command
