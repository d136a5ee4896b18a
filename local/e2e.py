"""`make e2e`: a place of its own, up, the end-to-end tests, down. What pytest prints comes last."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from types import FrameType

from local.down import down
from local.place import ROOT, LocalError, Place, e2e_place
from local.up import up

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Answers pytest's own exit code; `arguments` go to pytest."""
    signal.signal(signal.SIGTERM, _interrupt)
    place = e2e_place()
    place.state.mkdir(parents=True, exist_ok=True)
    with (place.state / "in-use").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another `make e2e` is running here: wait for it.", file=sys.stderr)
            return 1
        return _run(place, arguments)


def _run(place: Place, arguments: list[str]) -> int:
    down(place)  # an earlier run may have been killed
    try:
        up(place)
        command = [sys.executable, "-m", "pytest", "tests/e2e", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env={**os.environ, "LOCAL_PLACE": "e2e"}, check=False
        ).returncode
    except LocalError as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    finally:
        down(place)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
