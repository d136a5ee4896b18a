"""`make deploy ENV=dev`: build for AWS, deploy with samconfig.toml, look whether it answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import boto3
from local.build import TOOLS
from local.place import ROOT, LocalError

from scripts import smoke
from scripts.stacks import Environment, environment

PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "x86_64": "x86_64-manylinux_2_28"}


def build_environment(target: Environment) -> dict[str, str]:
    """What the layers' makefiles need to build for the target's Python and CPU, whatever this machine's are."""
    version = target.parameters["Runtime"].removeprefix("python")
    interpreter = shutil.which(f"python{version}")
    if (
        not interpreter
        or subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode
    ):
        raise LocalError(
            f"Python {version} is needed to compile the layers for {target.name}: install it,"
            f" or deploy another Runtime (samconfig.toml, {target.name})."
        )
    return {
        "LAYER_PYTHON_VERSION": version,
        "LAYER_PLATFORM": PLATFORMS[target.parameters["Architecture"]],
        "LAYER_INTERPRETER": interpreter,
        "UV": str(TOOLS / "uv" / "bin" / "uv"),
    }


def check_account(target: Environment) -> None:
    """`LocalError` where no AWS account is named: said before the build, which takes its time."""
    session = boto3.Session(region_name=target.region)
    if not session.region_name:
        raise LocalError(
            f"No AWS region is set: set AWS_DEFAULT_REGION, or `region` in samconfig.toml ({target.name})."
        )
    if not session.get_credentials():
        raise LocalError(
            "No AWS credentials were found: `aws configure`, or set AWS_PROFILE,"
            " or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )


def release(target: Environment) -> int:
    """Answers the exit code of the first step that failed, or 0."""
    check_account(target)
    env = {
        **os.environ,
        **build_environment(target),
        "SAM_CLI_TELEMETRY": "0",
        "__SAM_CLI_APP_DIR": str(TOOLS / "sam"),
    }
    folder = ROOT / ".local" / "release" / target.name
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", target.name]
    template = ["--template-file", str(ROOT / "template.yaml")]
    built = ["--template-file", str(folder / "template.yaml")]
    (ROOT / ".local").mkdir(exist_ok=True)
    for step in (
        ["build", *template, "--build-dir", str(folder), "--cache-dir", f"{folder}-cache"],
        ["deploy", *built],
    ):
        command = [str(TOOLS / "sam" / "bin" / "sam"), *step, *config]
        done = subprocess.run(command, cwd=ROOT / ".local", env=env, check=False)
        if done.returncode:
            return done.returncode
    return smoke.main([target.name])


def main(arguments: list[str]) -> int:
    """`ENVIRONMENT`."""
    name = arguments[0] if arguments else "dev"
    if name == "local":
        print(
            "`make up` deploys into the embedded cloud; make deploy takes ENV=dev or ENV=prod.",
            file=sys.stderr,
        )
        return 1
    try:
        return release(environment(name))
    except LocalError as exc:
        print(exc, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
