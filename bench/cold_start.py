"""What a cold start imports, from the built layers, in fresh interpreters; and what each dependency costs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from operator import truediv
from pathlib import Path

from local.build import TOOLS, build
from local.place import ROOT

from bench.report import Row
from bench.rig import bench_place

ROUNDS = 10
QUEUES = ("COURSE_COMPLETION", "EVALUATION", "TRANSITION", "HUBSPOT_DOORBELL", "SALESFORCE_DOORBELL")
BASE = "import boto3; boto3.client('dynamodb')"
FIRST_REQUEST = (
    "from certification.http.routes import RoutesByPath; found, _ = RoutesByPath.find({segments!r}); "
    "service().authenticator; service().{use_case}"
)
WITH_A_BODY = "; from certification.http import parsing; found['POST'].body().model_rebuild()"
FIRST_EVENTS = {
    "api, reads a user": FIRST_REQUEST.format(segments=("users", "u-1"), use_case="directory"),
    "api, awards by hand": FIRST_REQUEST.format(
        segments=("certification-completions",), use_case="hand_awards"
    )
    + WITH_A_BODY,
    "lms_webhook": "service().webhook_receiver; service().providers.get('standard_webhooks')",
    "award": "service().course_completion_recorder",
    "expiry": "service().expiry_sweep",
    "completion_stream": "service().follow_stream",
    "hubspot_sync": "service().crm_drain; from certification.adapters.crm import hubspot",
    "salesforce_sync": "service().crm_drain; from certification.adapters.crm import salesforce",
}
"""What a first event asks for besides the handler: without it, lazy imports would hide their cost."""
API_TARGET, WORKER_TARGET = 1.5, 1.35
HANDLER = "import app; from certification.bootstrap import app as service; service().table; "
DEPENDENCIES = {
    "aws-lambda-powertools (Logger, Metrics)": "from aws_lambda_powertools import Logger, Metrics",
    "pydantic": "import pydantic; pydantic.create_model('M', a=(int, 1))",
    "cryptography (AESSIV)": "from cryptography.hazmat.primitives.ciphers.aead import AESSIV",
    "standardwebhooks": "import standardwebhooks",
    "botocore and our client('dynamodb')": (
        "from certification.adapters.aws import create_client; create_client('dynamodb')"
    ),
}


@dataclass(frozen=True, kw_only=True)
class Start:
    """What a fresh interpreter runs, with which folders to import from."""

    code: str
    path: tuple[str, ...]
    crm: str = ""


def measure() -> Iterator[Row]:
    """Round by round, all of them in each: what slows the machine for a while slows each of them.

    The first round warms the disk's cache.
    """
    place = bench_place()
    print("  building the layers ...", flush=True)
    build(place)
    layers = [place.build / name for name in ("DependenciesLayer", "CertificationLayer")]
    path = [str(layer / "python") for layer in layers]
    wanted = {name: _first_event(name, path) for name in FIRST_EVENTS}
    wanted[BASE] = Start(code=BASE, path=(_plain_boto3(),))
    rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in wanted}
    for number in range(ROUNDS + 1):
        print(f"\r  round {number} of {ROUNDS} ", end="", flush=True)
        for name, start in wanted.items():
            rounds[name].append(_run(start))
    base = [milliseconds for milliseconds, _ in rounds.pop(BASE)[1:]]
    yield Row(what="boto3 and client('dynamodb') alone: the base", value=statistics.median(base), unit="ms")
    for name, taken in rounds.items():
        milliseconds, megabytes = zip(*taken[1:], strict=True)
        yield Row(
            what=f"{name}: handler, client, and what its first event imports",
            value=statistics.median(map(truediv, milliseconds, base)),
            unit="x",
            target=API_TARGET if name.startswith("api") else WORKER_TARGET,
            note=f"{statistics.median(milliseconds):.0f} ms; {statistics.median(megabytes):.0f} MB of memory",
        )
    print(f"\r{'':50}\r", end="", flush=True)
    for name, code in DEPENDENCIES.items():
        alone = Start(code=code, path=tuple(path))
        alone_taken = [_run(alone)[0] for _ in range(ROUNDS + 1)]
        yield Row(what=f"import of {name}", value=statistics.median(alone_taken[1:]), unit="ms")
    for layer in layers:
        yield Row(what=f"size of {layer.name}", value=_megabytes(layer), unit="MB")


def _plain_boto3() -> str:
    """boto3 as a function without layers of its own would bring it, with its bytecode."""
    target = bench_place().state / "boto3"
    if not target.exists():
        uv = [str(TOOLS / "uv" / "bin" / "uv"), "pip", "install", "--quiet", "--python", sys.executable]
        wanted = f"boto3=={version('boto3')}"
        subprocess.run(
            [*uv, "--target", str(target), "--link-mode", "copy", "--compile-bytecode", wanted], check=True
        )
    return str(target)


def _first_event(name: str, layers: Sequence[str]) -> Start:
    function = name.partition(",")[0]
    crm = function.removesuffix("_sync") if function.endswith("_sync") else ""
    folder = str(ROOT / "functions" / ("crm_sync" if crm else function))
    return Start(code=HANDLER + FIRST_EVENTS[name], path=(folder, *layers), crm=crm)


def _run(start: Start) -> tuple[float, float]:
    """Milliseconds of CPU inside a fresh interpreter, which other load on the machine moves least; and megabytes."""
    told = "(time.process_time() - t) * 1000, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024"
    timed = f"import resource, time; t = time.process_time(); {start.code}; print({told})"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(start.path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TABLE_NAME": "t",
        "PUBLIC_URL": "https://certs.example",
        "PARAMETER_PREFIX": "/p",
        "INTAKE_BUCKET": "b",
        **{f"{name}_QUEUE_URL": "https://sqs.example/q" for name in QUEUES},
        "CRM": start.crm,
        "POWERTOOLS_METRICS_NAMESPACE": "PartnerCertification",
    }
    command = [sys.executable, "-c", timed]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    milliseconds, megabytes = map(float, ran.stdout.split())
    return milliseconds, megabytes


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1_000_000
