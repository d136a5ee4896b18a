"""`make up`: start what does not run, deploy what changed."""

from __future__ import annotations

import fcntl
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from local import services
from local.build import build, fingerprint
from local.deploy import deploy, is_deployed, write_stack
from local.place import LocalError, Place, current_place

INTERRUPTED = 130


def up(place: Place) -> None:
    """Bring the place up; harmless where it is up already."""
    started = time.monotonic()
    place.state.mkdir(parents=True, exist_ok=True)
    with _alone(place):
        _say(
            f"Starting the embedded cloud on port {place.port} and the CRM sandbox on port {place.crm_port} ..."
        )
        services.start_cloud(place)
        services.start_crm_sandbox(place)
        _deploy_what_changed(place)
    _say(f"Up after {time.monotonic() - started:.0f} s: {place.stack()['api_url']}")


def _deploy_what_changed(place: Place) -> None:
    wanted = fingerprint()
    built, deployed = place.build / ".fingerprint", place.run / "deployed.json"
    if not built.exists() or built.read_text() != wanted:
        _say("Building the functions and their layers (sam build) ...")
        built.unlink(missing_ok=True)
        build(place)
        built.write_text(wanted)
    services.wait(place)
    now = json.dumps({"fingerprint": wanted, "cloud": services.find_cloud(place)})
    if deployed.exists() and deployed.read_text() == now and is_deployed(place):
        _say("Nothing changed since the last deployment.")
        write_stack(place)
        return
    _say("Deploying template.yaml into the embedded cloud (sam deploy) ...")
    deploy(place)
    deployed.write_text(now)


@contextmanager
def _alone(place: Place) -> Iterator[None]:
    """One `up` at a time in a place; a second one waits for the first."""
    with (place.state / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> int:
    try:
        up(current_place())
    except LocalError as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: `make up` goes on from here, `make down` ends what was started.", file=sys.stderr)
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
