"""Deployed stacks by the name of their environment: `local`, or one of samconfig.toml's."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from local.deploy import client as local_client
from local.place import ROOT, LocalError, current_place


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One environment of samconfig.toml."""

    name: str
    stack_name: str
    region: str | None
    parameters: dict[str, str]


def environment(name: str) -> Environment:
    """`LocalError` where samconfig.toml knows no such environment."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    if name not in config or name == "version":
        known = ", ".join(each for each in config if each != "version")
        raise LocalError(f"samconfig.toml has no environment {name!r}; it has {known}.")
    deploy = config[name]["deploy"]["parameters"]
    pairs = (pair.split("=", 1) for pair in deploy.get("parameter_overrides", []))
    return Environment(
        name=name,
        stack_name=deploy["stack_name"],
        region=deploy.get("region"),
        parameters=dict(map(tuple, pairs)),
    )


def client(name: str, service: str) -> Any:
    """A client of that environment: the embedded cloud, or AWS with the operator's own credentials."""
    if name == "local":
        place = current_place()
        # Where this checkout was deployed, whatever LOCAL_PORT says now: on another port there may be another's.
        deployed_on = urlsplit(place.stack()["aws_endpoint_url"]).port or place.port
        return local_client(replace(place, port=deployed_on), service)
    return boto3.client(service, region_name=environment(name).region)  # type: ignore[call-overload, unused-ignore]


def outputs(name: str) -> dict[str, str]:
    """The stack's outputs; `LocalError` where it is not there, or may not be seen."""
    try:
        answer = client(name, "cloudformation").describe_stacks(StackName=environment(name).stack_name)
    except (BotoCoreError, ClientError) as exc:
        raise LocalError(f"The stack of {name!r} cannot be read: {exc}") from exc
    return {each["OutputKey"]: each["OutputValue"] for each in answer["Stacks"][0]["Outputs"]}
