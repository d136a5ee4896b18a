"""Deploy into the embedded cloud, and write down what came of it."""

from __future__ import annotations

import json
from typing import Any

import boto3

from local.build import host_parameters, sam
from local.place import REGION, STACK_NAME, LocalError, Place

# Fixed, so that addresses survive a redeployment. The embedded cloud takes eight hexadecimal digits.
API_ID = "ce471f1e"
ARTIFACTS = "artifacts"
# Where the embedded cloud takes its time on a busy machine, SAM asks once more for what is being done already.
ASKED_TWICE = "AlreadyExistsException"
PARAMETERS = {"Stage": "local", "EmulatorApiId": API_ID, "ServiceVersion": "local"}


def client(place: Place, service: str) -> Any:
    """A client of the embedded cloud, whatever account the developer has."""
    session = boto3.Session("test", "test", region_name=REGION)
    return session.client(service, endpoint_url=place.endpoint)  # type: ignore[call-overload, unused-ignore]


def deploy(place: Place, **parameters: str) -> None:
    """Deploy what was built, with these template parameters besides, then write `stack.json`."""
    client(place, "s3").create_bucket(Bucket=ARTIFACTS)
    given = {**host_parameters(), **PARAMETERS, **parameters}
    try:
        _sam_deploy(place, given)
    except LocalError as exc:
        if ASKED_TWICE not in str(exc):
            raise
        _sam_deploy(place, given)
    write_stack(place)


def _sam_deploy(place: Place, parameters: dict[str, str]) -> None:
    built = ["--template-file", str(place.build / "template.yaml"), "--s3-bucket", ARTIFACTS]
    sam(place, ["deploy", *built], parameters=parameters, log="deploy.log", env={})


def is_deployed(place: Place) -> bool:
    """Whether the stack stands in the running cloud."""
    cloud = client(place, "cloudformation")
    try:
        stack = cloud.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    except cloud.exceptions.ClientError:
        return False
    return bool(stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"})


def write_stack(place: Place) -> None:
    """Write what callers need to know; only the owner may read it, since it holds the admin key."""
    stack = client(place, "cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    secret = client(place, "secretsmanager").get_secret_value(SecretId=outputs["AdminKeySecretArn"])
    text = json.dumps(_description(place, outputs, secret["SecretString"]), indent=2)
    fresh = place.stack_file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(text + "\n")
    fresh.replace(place.stack_file)


def _description(place: Place, outputs: dict[str, str], admin_key: str) -> dict[str, Any]:
    queues = {name: url for name, url in outputs.items() if name.endswith(("QueueUrl", "DeadLettersUrl"))}
    return {
        "api_url": outputs["ApiUrl"],
        # The same API where `*.localhost` does not resolve and no Host header can be sent.
        "api_loopback_url": f"{place.endpoint}/_aws/execute-api/{API_ID}",
        "admin_api_key": admin_key,
        "aws_endpoint_url": place.endpoint,
        "region": REGION,
        "stack_name": STACK_NAME,
        "table_name": outputs["TableName"],
        "course_completion_queue_url": outputs["CourseCompletionQueueUrl"],
        "expiry_function_name": outputs["ExpiryFunctionName"],
        "hubspot_url": f"{place.crm_url}/hubspot",
        "salesforce_url": f"{place.crm_url}/salesforce",
        "intake_bucket": outputs["IntakeBucketName"],
        "event_bus_name": outputs["EventBusName"],
        "queues": {name.removesuffix("Url"): url for name, url in sorted(queues.items())},
    }
