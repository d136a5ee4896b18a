"""What is missing is said in one line, before anything is installed."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from local import services
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


def test_fingerprint_is_stable_and_ignores_caches() -> None:
    before = fingerprint()
    assert fingerprint() == before
    assert len(before) == 64


def test_host_parameters_are_ones_that_the_template_allows() -> None:
    assert set(host_parameters()) == {"Runtime", "Architecture"}
    assert host_parameters()["Architecture"] in {"arm64", "x86_64"}
