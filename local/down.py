"""`make down`: end what `make up` started, and what an interrupted `make e2e` left."""

from __future__ import annotations

import fcntl
import shutil
import sys

from local import processes
from local.place import LocalError, Place, default_place, e2e_place


def down(place: Place) -> int:
    """Leave nothing running and nothing of the run on disk. Answers how many processes were ended."""
    ended = processes.stop(place)
    shutil.rmtree(place.run, ignore_errors=True)
    place.stack_file.unlink(missing_ok=True)
    return ended


def is_used(place: Place) -> bool:
    """Whether an end-to-end run is under way there."""
    try:
        with (place.state / "in-use").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def main() -> int:
    try:
        ended = down(default_place())
        if not is_used(e2e_place()):
            ended += down(e2e_place())
    except LocalError as exc:
        print(exc, file=sys.stderr)
        return 1
    print(f"Stopped ({ended} processes)." if ended else "Nothing was running.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
