"""`sam build` for this host: its own Python and CPU, since the embedded cloud runs functions on its own interpreter."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local import processes
from local.place import REGION, ROOT, LocalError, Place

TOOLS = ROOT / ".local" / "tools"
SOURCES = ("template.yaml", "samconfig.toml", "functions", "layers")
CPUS = {"amd64": "x86_64", "x86_64": "x86_64", "arm64": "arm64", "aarch64": "arm64"}


def host_parameters() -> dict[str, str]:
    """`Runtime` and `Architecture` of this machine, as the template wants them."""
    cpu = platform.machine().lower()
    if cpu not in CPUS:
        raise LocalError(
            f"This machine's CPU, {cpu}, is not one that AWS Lambda has: x86_64 or arm64 is needed."
        )
    return {"Runtime": f"python3.{sys.version_info.minor}", "Architecture": CPUS[cpu]}


def fingerprint() -> str:
    """Changes when anything changes that a deployment is made of."""
    digest = hashlib.sha256(repr(sorted(host_parameters().items())).encode())
    for source in SOURCES:
        for path in sorted(_files(ROOT / source)):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def build(place: Place) -> None:
    """Leave the built template and folders under the place; a layer that did not change is not built again."""
    cache = ROOT / ".local" / "build-cache" / "-".join(host_parameters().values())
    sam(
        place,
        [
            "build",
            "--template-file",
            str(ROOT / "template.yaml"),
            "--build-dir",
            str(place.build),
            "--cache-dir",
            str(cache),
        ],
        parameters=host_parameters(),
        log="build.log",
        env={
            "LAYER_PYTHON_VERSION": f"3.{sys.version_info.minor}",
            "LAYER_PLATFORM": _uv_platform(),
            "LAYER_INTERPRETER": sys.executable,
            "UV": str(TOOLS / "uv" / "bin" / "uv"),
        },
    )


def sam(
    place: Place, arguments: Sequence[str], *, parameters: Mapping[str, str], log: str, env: Mapping[str, str]
) -> None:
    """Run the SAM command line against the embedded cloud; `LocalError` with the end of its output where it fails."""
    pairs = [f"{name}={value}" for name, value in parameters.items()]
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local"]
    command = [str(TOOLS / "sam" / "bin" / "sam"), *arguments, *config, "--parameter-overrides", *pairs]
    place.run.mkdir(parents=True, exist_ok=True)
    with (place.run / log).open("w+b") as output:
        done = subprocess.run(
            # Marked, so that `make down` ends what a killed `make up` leaves.
            processes.marked(place, TOOLS / "sam" / "bin" / "python", command),
            cwd=ROOT / ".local",  # since SAM makes a folder of its own where it runs
            env=_environment(place, env),
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(0)  # not opened anew: `make down` may have taken it away
        told = output.read().decode(errors="replace")
    if done.returncode:
        end = told.splitlines()[-25:]
        raise LocalError("\n".join([*end, f"`sam {arguments[0]}` failed; all of it: {place.run / log}"]))


def _environment(place: Place, env: Mapping[str, str]) -> dict[str, str]:
    """Without the developer's AWS account: nothing here may ever reach it."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MAKE", "MFLAGS"))
    }
    return {
        **clean,
        "AWS_ENDPOINT_URL": place.endpoint,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.5",
        "__SAM_CLI_APP_DIR": str(TOOLS / "sam"),
        **env,
    }


def _uv_platform() -> str:
    cpu = {"x86_64": "x86_64", "arm64": "aarch64"}[host_parameters()["Architecture"]]
    if sys.platform == "darwin":
        return f"{cpu}-apple-darwin"
    return f"{cpu}-manylinux_2_28" if platform.libc_ver()[0] == "glibc" else f"{cpu}-unknown-linux-musl"


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return [file for file in path.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
