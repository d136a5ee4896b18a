"""Take out of an installed layer what no function loads: `python trim.py TARGET`."""

import gzip
import json
import shutil
import sys
from pathlib import Path
from typing import Any

# What the functions call of AWS, and botocore for them; a client makes a method of every operation that is left.
OPERATIONS = {
    "dynamodb": {
        "BatchExecuteStatement",
        "BatchGetItem",
        "DeleteItem",
        "DescribeEndpoints",
        "GetItem",
        "PutItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    },
    "events": {"PutEvents"},
    "s3": {
        "CompleteMultipartUpload",
        "CreateMultipartUpload",
        "CreateSession",
        "DeleteObject",
        "GetObject",
        "HeadBucket",
        "ListObjectsV2",
        "PutObject",
        "UploadPart",
    },
    "secretsmanager": {"GetSecretValue"},
    "sqs": {"SendMessageBatch"},
    "ssm": {"DeleteParameter", "GetParameter", "PutParameter"},
    "sts": {"AssumeRole", "AssumeRoleWithWebIdentity"},
}
SERVICES = set(OPERATIONS)
BY_BOTOCORE = {"AssumeRole", "AssumeRoleWithWebIdentity", "CreateSession", "DescribeEndpoints", "HeadBucket"}
# Of Powertools the functions use Logger and Metrics, whose package imports the tracer; the rest is most of its files.
POWERTOOLS = {"exceptions", "logging", "metrics", "shared", "tracing", "utilities", "warnings"}
POWERTOOLS_UTILITIES = {"jmespath_utils", "typing"}


def main(target: Path) -> None:
    """Remove other services' data, unused parts, tests, examples and typing stubs below `target`."""
    keep(target / "botocore" / "data", SERVICES)
    shorten(target / "botocore" / "data")
    keep(target / "aws_lambda_powertools", POWERTOOLS)
    keep(target / "aws_lambda_powertools" / "utilities", POWERTOOLS_UTILITIES)
    for name in ("tests", "test", "examples", "bin", "__pycache__"):
        for folder in list(target.rglob(name)):
            if folder.is_dir():
                shutil.rmtree(folder)
    for stub in list(target.rglob("*.pyi")):
        stub.unlink()


def shorten(data: Path) -> None:
    """Leave out what botocore would parse at each cold start and never use: others' endpoints, operations, prose."""
    endpoints = data / "endpoints.json"
    known = json.loads(endpoints.read_text())
    for partition in known["partitions"]:
        partition["services"] = {n: each for n, each in partition["services"].items() if n in SERVICES}
    replace(endpoints, known)
    for packed in data.rglob("service-2.json.gz"):
        service = packed.relative_to(data).parts[0]
        whole = json.loads(gzip.decompress(packed.read_bytes()))
        model = without_prose(with_operations(whole, OPERATIONS[service]))
        for parameter in model.get("clientContextParams", {}).values():
            parameter["documentation"] = ""  # the one place where botocore insists on some
        replace(packed.with_suffix(""), model)
        packed.unlink()
    for unused in ("examples-1.json*", "paginators-1*.json*", "waiters-2.json*"):
        for file in data.rglob(unused):
            file.unlink()


def replace(file: Path, content: Any) -> None:
    """Never write into the file that is there: it may be a hard link into the installer's cache."""
    file.unlink(missing_ok=True)
    file.write_text(json.dumps(content, separators=(",", ":")))


def with_operations(model: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """The model with these operations and the shapes that they lead to."""
    operations = {name: each for name, each in model["operations"].items() if name in wanted}
    needed: set[str] = set()
    found = named_shapes(operations)
    while found:
        needed |= found
        found = named_shapes([model["shapes"][name] for name in found]) - needed
    shapes = {name: each for name, each in model["shapes"].items() if name in needed}
    return {**model, "operations": operations, "shapes": shapes}


def named_shapes(part: Any) -> set[str]:
    """The names of all shapes that are referred to."""
    if isinstance(part, dict):
        own = {part["shape"]} if isinstance(part.get("shape"), str) else set()
        return own.union(*map(named_shapes, part.values()))
    return set().union(*map(named_shapes, part)) if isinstance(part, list) else set()


def without_prose(part: Any) -> Any:
    """The model without its documentation; a member that is called so is a structure, and stays."""
    if isinstance(part, dict):
        return {
            name: without_prose(each)
            for name, each in part.items()
            if not (name == "documentation" and isinstance(each, str))
        }
    return [without_prose(each) for each in part] if isinstance(part, list) else part


def keep(folder: Path, wanted: set[str]) -> None:
    """Remove every folder in `folder` but these."""
    missing = wanted - {each.name for each in folder.iterdir()}
    if missing:
        raise SystemExit(f"{folder} has no {', '.join(sorted(missing))}: trim.py no longer fits the packages")
    for each in folder.iterdir():
        if each.is_dir() and each.name not in wanted:
            shutil.rmtree(each)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
