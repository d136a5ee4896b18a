"""What is missing is said in one line, before anything is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from local import processes, services
from local.build import fingerprint, host_parameters
from local.place import LocalError, Place

from template import ROOT

NEEDED = ("sh", "dirname", "cat", "cksum", "grep", "mkdir", "rm")


def install(folder: Path, *tools: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the installer where only these tools exist."""
    (folder / "bin").mkdir()
    for tool in (*NEEDED, *tools):
        found = shutil.which(tool)
        assert found, tool
        (folder / "bin" / tool).symlink_to(found)
    shutil.copytree(ROOT / "local", folder / "local")
    command = [str(folder / "bin" / "sh"), str(folder / "local" / "install.sh"), "dev"]
    return subprocess.run(
        command, env={"PATH": str(folder / "bin")}, capture_output=True, text=True, check=False
    )


def test_missing_git_is_one_line(tmp_path: Path) -> None:
    done = install(tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("git is missing: install it")
    assert done.stderr.count("\n") == 1


def test_missing_python_is_one_line(tmp_path: Path) -> None:
    done = install(tmp_path, "git")
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11 or later is missing")
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_one_line_that_names_the_setting(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        place = Place(name="test", state=tmp_path, port=port, crm_port=port)
        with pytest.raises(LocalError, match=f"Port {port} is taken: .* LOCAL_PORT"):
            services.start_cloud(place)
        with pytest.raises(LocalError, match=f"Port {port} is taken: .* CRM_PORT"):
            services.start_crm_sandbox(place)


def test_a_taken_port_of_the_sandbox_leaves_no_cloud_running(tmp_path: Path) -> None:
    with socket.socket() as other, socket.socket() as free:
        for each in (other, free):
            each.bind(("127.0.0.1", 0))
        other.listen()
        place = Place(
            name="test", state=tmp_path, port=free.getsockname()[1], crm_port=other.getsockname()[1]
        )
        free.close()
        try:
            with pytest.raises(LocalError, match="CRM_PORT"):
                services.start_cloud(place)
            assert processes.find(place) == []
        finally:
            processes.stop(place, patience=0)


SLEEP = ["-c", "import time; time.sleep(60)"]


def test_another_checkouts_cloud_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Ours runs on another port: to deploy into whatever answers here would disturb the other checkout."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        port = other.server_port
        place = Place(name="test", state=tmp_path, port=port, crm_port=port)
        try:
            for ours in (["-m", "ministack"], ["-m", "local.crm_sandbox", "--port", "1"]):
                processes.start(place, Path(sys.executable), [*SLEEP, *ours], log="log", env={})
            with pytest.raises(LocalError, match=f"Port {port} is taken"):
                services.start_crm_sandbox(place)
            with pytest.raises(LocalError, match=f"Port {port} is taken"):
                services.start_cloud(place)
        finally:
            processes.stop(place, patience=0)
            other.shutdown()


def test_the_cloud_is_told_from_the_functions_it_runs(tmp_path: Path) -> None:
    """A deployment is remembered with its cloud's pid: a function's would come and go, and deploy again for nothing."""
    place = Place(name="test", state=tmp_path, port=4566, crm_port=4567)
    worker = place.run / "functions" / "ministack-lambda-api-1" / "_worker.py"
    worker.parent.mkdir(parents=True)
    worker.write_text("import time; time.sleep(60)")
    function = subprocess.Popen([sys.executable, str(worker)])
    arguments = [*SLEEP, "-X", f"port={place.port}", "-m", "ministack"]
    try:
        cloud = processes.start(place, Path(sys.executable), arguments, log="log", env={})
        deadline = time.monotonic() + 10
        while len(processes.find(place)) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)  # the command line shows a moment after the start
        assert sorted(processes.find(place)) == sorted([function.pid, cloud])
        assert services.find_cloud(place) == [cloud]
    finally:
        processes.stop(place, patience=0)
        function.wait()


def test_fingerprint_is_stable_and_ignores_caches() -> None:
    before = fingerprint()
    assert fingerprint() == before
    assert len(before) == 64


def test_host_parameters_are_ones_that_the_template_allows() -> None:
    assert set(host_parameters()) == {"Runtime", "Architecture"}
    assert host_parameters()["Architecture"] in {"arm64", "x86_64"}
