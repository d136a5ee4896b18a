"""What a cold start imports, from the built layers, in fresh interpreters; and what each dependency costs."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from local.build import TOOLS, build
from local.place import ROOT

from bench.report import Row
from bench.rig import bench_place

ROUNDS = 10
QUEUES = ("COURSE_COMPLETION", "EVALUATION", "TRANSITION", "HUBSPOT_DOORBELL", "SALESFORCE_DOORBELL")
BASE = "import boto3; boto3.client('dynamodb')"
PARTS_OF = {
    "api": "from certification.http.routes import route_table; route_table(); service().authenticator",
    "lms_webhook": "service().webhook_receiver",
    "award": "service().course_completion_recorder",
    "expiry": "service().expiry_sweep",
    "completion_stream": "service().follow_stream",
    "hubspot_sync": "service().crm_drain",
    "salesforce_sync": "service().crm_drain",
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


def measure() -> Iterator[Row]:
    place = bench_place()
    print("  building the layers ...", flush=True)
    build(place)
    layers = [place.build / name for name in ("DependenciesLayer", "CertificationLayer")]
    path = [str(layer / "python") for layer in layers]
    base = _median(BASE, [_plain_boto3()])
    yield Row(what="boto3 and client('dynamodb') alone: the base", value=base, unit="ms")
    for name, parts in PARTS_OF.items():
        crm = name.removesuffix("_sync") if name.endswith("_sync") else ""
        folder = str(ROOT / "functions" / ("crm_sync" if crm else name))
        taken = _median(HANDLER + parts, [folder, *path], crm=crm)
        most = API_TARGET if name == "api" else WORKER_TARGET
        yield Row(
            what=f"{name}: handler, client, and what its first event imports",
            value=taken / base,
            unit="x",
            target=most,
            note=f"{taken:.0f} ms",
        )
    nothing = _median("pass", path)
    for name, code in DEPENDENCIES.items():
        yield Row(what=f"import of {name}", value=_median(code, path) - nothing, unit="ms")
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


def _median(code: str, path: list[str], crm: str = "") -> float:
    """Milliseconds of CPU inside a fresh interpreter, which other load on the machine moves least.

    The first round warms the disk's cache.
    """
    timed = f"import time; t = time.process_time(); {code}; print((time.process_time() - t) * 1000)"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TABLE_NAME": "t",
        "PUBLIC_URL": "https://certs.example",
        "PARAMETER_PREFIX": "/p",
        "INTAKE_BUCKET": "b",
        **{f"{name}_QUEUE_URL": "https://sqs.example/q" for name in QUEUES},
        "CRM": crm,
        "POWERTOOLS_METRICS_NAMESPACE": "PartnerCertification",
    }
    command = [sys.executable, "-c", timed]
    rounds = [
        float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
        for _ in range(ROUNDS + 1)
    ]
    return statistics.median(rounds[1:])


def _megabytes(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1_000_000
