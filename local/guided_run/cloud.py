"""The embedded cloud as the guided run uses it: the sweep is invoked as EventBridge Scheduler would."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import boto3

from local.guided_run.api import StepFailedError


class Cloud:
    def __init__(self, stack: dict[str, Any]) -> None:
        self._function = stack["expiry_function_name"]
        self._client = boto3.client(
            "lambda",
            endpoint_url=stack["aws_endpoint_url"],
            region_name=stack["region"],
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 the embedded cloud takes any
        )

    def sweep(self, now: datetime) -> Any:
        """Run the daily job as if it were `now`; what the function answers."""
        payload = json.dumps({"time": now.isoformat().replace("+00:00", "Z")})
        answer = self._client.invoke(FunctionName=self._function, Payload=payload.encode())
        text = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise StepFailedError(f"the sweep failed: {text[:500]}")
        return json.loads(text)
