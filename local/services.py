"""The two servers of a place: the embedded cloud (MiniStack) and the CRM sandbox."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import sys
import time
from pathlib import Path

from local import processes
from local.place import REGION, ROOT, LocalError, Place

CLOUD_PYTHON = ROOT / ".local" / "tools" / "cloud" / "bin" / "python"
MOST_SECONDS = 90  # a busy machine, or much state to read back
# What the functions inherit from the embedded cloud: nothing of the developer's own environment.
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE")


def start_cloud(place: Place) -> bool:
    """Start the embedded cloud unless it runs; True where it was started: then it is empty."""
    if find_cloud(place) and _answers(place.port, "/health"):
        return False
    processes.stop(place)  # one that hangs or has another port, functions that outlived a killed one
    _refuse_taken(place.port, "LOCAL_PORT")
    _refuse_taken(place.crm_port, "CRM_PORT")  # before anything runs that would be left alone
    shutil.rmtree(place.run / "cloud", ignore_errors=True)
    _launch_cloud(place)
    return True


def find_cloud(place: Place) -> list[int]:
    """The pid of the embedded cloud on the place's port: not of its functions, nor of one on another port."""
    return processes.find(place, " ".join(_cloud_arguments(place)))


def restart_cloud(place: Place) -> None:
    """End the embedded cloud as its machine would be shut down, and start it with the state that it kept."""
    processes.stop(place, "ministack", patience=30)
    _launch_cloud(place)
    _wait_for(place, "ministack", place.port, "/health", "cloud.log")


def start_crm_sandbox(place: Place) -> None:
    """Start the CRM sandbox unless it runs; with the records it had, until `make down`."""
    state = str(place.run / "crm_sandbox")
    arguments = ["-m", "local.crm_sandbox", "--port", str(place.crm_port), "--state", state]
    if processes.find(place, " ".join(arguments)) and _answers(place.crm_port, "/"):
        return
    processes.stop(place, "crm_sandbox")
    _refuse_taken(place.crm_port, "CRM_PORT")
    env = {**_inherited(), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    processes.start(place, Path(sys.executable), arguments, log="crm_sandbox.log", env=env)


def wait(place: Place) -> None:
    """Until both servers answer; `LocalError` with the place of the log where one does not in time."""
    _wait_for(place, "ministack", place.port, "/health", "cloud.log")
    _wait_for(place, "crm_sandbox", place.crm_port, "/", "crm_sandbox.log")


def _launch_cloud(place: Place) -> None:
    shutil.rmtree(place.run / "functions", ignore_errors=True)
    (place.run / "functions").mkdir(parents=True)
    arguments = _cloud_arguments(place)
    processes.start(place, CLOUD_PYTHON, arguments, log="cloud.log", env=_cloud_environment(place))


def _cloud_arguments(place: Place) -> list[str]:
    # It takes its port from the environment; Python ignores this -X, we find the process by it.
    return ["-X", f"port={place.port}", "-m", "ministack"]


def _cloud_environment(place: Place) -> dict[str, str]:
    return {
        **_inherited(),
        "GATEWAY_PORT": str(place.port),
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
        "AUTH": "true" if place.enforce_permissions else "false",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TMPDIR": str(place.run / "functions"),
        # Kept when it is told to stop, for `restart_cloud`; `start_cloud` begins with nothing.
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(place.run / "cloud"),
        "S3_DATA_DIR": str(place.run / "cloud" / "s3"),
    }


def _inherited() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def _wait_for(place: Place, word: str, port: int, path: str, log: str) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not _answers(port, path):
        if not processes.find(place, word) or time.monotonic() > deadline:
            raise LocalError(f"{word} does not answer on port {port}: see {place.run / log}")
        time.sleep(0.1)


def _answers(port: int, path: str) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _refuse_taken(port: int, setting: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise LocalError(
                f"Port {port} is taken: stop what uses it, or choose another with {setting}=…"
            ) from None
