"""Where a local service lives, and how its processes are told from everybody else's."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from local import build, processes
from local.down import down
from local.place import LocalError, Place, current_place, default_place, e2e_place
from scripts.smoke import faults


def test_ports_follow_the_clouds_port() -> None:
    place, e2e = default_place({"LOCAL_PORT": "5066"}), e2e_place({"LOCAL_PORT": "5066"})
    assert (place.port, place.crm_port, e2e.port, e2e.crm_port) == (5066, 5067, 5166, 5167)
    assert place.run != e2e.run


def test_empty_settings_are_no_settings() -> None:
    """Make exports what it was not given as empty."""
    assert default_place({"LOCAL_PORT": "", "CRM_PORT": ""}).port == 4566


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1", "4566.5"])
def test_a_port_that_is_none_is_refused_in_words(port: str) -> None:
    with pytest.raises(LocalError, match="LOCAL_PORT must be a port number"):
        current_place({"LOCAL_PORT": port})


def a_place(folder: Path) -> Place:
    return Place(name="test", state=folder, port=4566, crm_port=4567)


def test_processes_are_found_without_a_pid_file_and_ended_by_force(tmp_path: Path) -> None:
    place, other = a_place(tmp_path / "one"), a_place(tmp_path / "other")
    stubborn = "from signal import *; signal(SIGTERM, SIG_IGN); print('up', flush=True); pause()"
    pid = processes.start(place, Path(sys.executable), ["-c", stubborn], log="log", env={})
    kept = processes.start(
        other, Path(sys.executable), ["-c", "import time; time.sleep(60)"], log="log", env={}
    )
    try:
        while not (place.run / "log").read_text():
            time.sleep(0.02)
        assert processes.find(place) == [pid]
        assert processes.stop(place, patience=0.2) == 1
        assert processes.find(place) == []
        assert processes.find(other) == [kept]
    finally:
        processes.stop(other)


def test_a_process_that_only_mentions_the_place_is_left_alone(tmp_path: Path) -> None:
    """An editor or `tail -f` of a log is nobody's service."""
    place = a_place(tmp_path)
    viewer = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", str(place.run / "cloud.log")]
    )
    try:
        time.sleep(0.1)
        assert processes.find(place) == []
    finally:
        viewer.kill()
        viewer.wait()


def test_a_deployment_that_a_killed_up_left_behind_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools, place = tmp_path / "tools", a_place(tmp_path / "place")
    (tools / "sam" / "bin").mkdir(parents=True)
    (tools / "sam" / "bin" / "python").symlink_to(sys.executable)
    (tools / "sam" / "bin" / "sam").write_text("import time; print('deploying', flush=True); time.sleep(60)")
    monkeypatch.setattr(build, "TOOLS", tools)
    with ThreadPoolExecutor() as others:
        deploying = others.submit(build.sam, place, ["deploy"], parameters={}, log="deploy.log", env={})
        log = place.run / "deploy.log"
        while not log.exists() or not log.read_text():
            time.sleep(0.02)
        assert down(place) == 1
        with pytest.raises(LocalError, match=r"^deploying\n`sam deploy` failed"):
            deploying.result()


def test_down_twice_is_harmless(tmp_path: Path) -> None:
    assert down(a_place(tmp_path)) == down(a_place(tmp_path)) == 0


class Answer:
    def __init__(self, status: int) -> None:
        self.status = status


def test_smoke_test_names_each_fault() -> None:
    good = {"/status": 200, "/openapi.json": 200, "/courses": 401, "/no-such-route": 404}
    assert faults(lambda path: Answer(good[path])) == []
    assert faults(lambda path: Answer({**good, "/courses": 200}[path])) == [
        "GET /courses answers 200 and not 401"
    ]
