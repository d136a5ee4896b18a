"""The deployment's settings: the only place that reads the environment (`template.yaml` sets it)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo


class ConfigurationError(Exception):
    """A setting is missing or makes no sense: the deployment is wrong, not the request."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """Settings of one function. What a function has no use for is empty there: it gets no such permission either."""

    table_name: str
    time_zone: str = "UTC"
    service_name: str = "partner-certification"
    service_version: str = "0.0.0"
    course_completion_queue_url: str = ""
    evaluation_queue_url: str = ""
    transition_queue_url: str = ""
    hubspot_doorbell_queue_url: str = ""
    salesforce_doorbell_queue_url: str = ""
    event_bus_name: str = ""
    intake_bucket: str = ""
    parameter_prefix: str = ""
    admin_key_secret_arn: str = ""
    public_url: str = ""
    crm: str = ""
    max_body_bytes: int = 5_000_000
    source_webhooks_per_second: int = 200
    cors_origins: tuple[str, ...] = ()
    oidc_issuer: str = ""
    oidc_audience: str = ""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The one zone in which civil dates are counted (R1)."""
        return ZoneInfo(self.time_zone)


def read_config(environment: Mapping[str, str] | None = None) -> Config:
    """`ConfigurationError` where a setting is missing or unreadable, which stops the function at its first call."""
    given = os.environ if environment is None else environment
    try:
        config = Config(
            table_name=given["TABLE_NAME"],
            time_zone=given.get("TIME_ZONE") or "UTC",
            service_name=given.get("SERVICE_NAME") or Config.service_name,
            service_version=given.get("SERVICE_VERSION") or Config.service_version,
            course_completion_queue_url=given.get("COURSE_COMPLETION_QUEUE_URL", ""),
            evaluation_queue_url=given.get("EVALUATION_QUEUE_URL", ""),
            transition_queue_url=given.get("TRANSITION_QUEUE_URL", ""),
            hubspot_doorbell_queue_url=given.get("HUBSPOT_DOORBELL_QUEUE_URL", ""),
            salesforce_doorbell_queue_url=given.get("SALESFORCE_DOORBELL_QUEUE_URL", ""),
            event_bus_name=given.get("EVENT_BUS_NAME", ""),
            intake_bucket=given.get("INTAKE_BUCKET", ""),
            parameter_prefix=given.get("PARAMETER_PREFIX", ""),
            admin_key_secret_arn=given.get("ADMIN_KEY_SECRET_ARN", ""),
            public_url=given.get("PUBLIC_URL", "").rstrip("/"),
            crm=given.get("CRM", ""),
            max_body_bytes=int(given.get("MAX_BODY_BYTES") or Config.max_body_bytes),
            source_webhooks_per_second=int(
                given.get("SOURCE_WEBHOOKS_PER_SECOND") or Config.source_webhooks_per_second
            ),
            cors_origins=tuple(filter(None, (o.strip() for o in given.get("CORS_ORIGINS", "").split(",")))),
            oidc_issuer=given.get("OIDC_ISSUER", ""),
            oidc_audience=given.get("OIDC_AUDIENCE", ""),
        )
        _ = config.zone
    except KeyError as exc:
        raise ConfigurationError(f"the setting {exc} is missing or unknown") from exc
    except ValueError as exc:
        raise ConfigurationError(
            "MAX_BODY_BYTES and SOURCE_WEBHOOKS_PER_SECOND must be numbers, TIME_ZONE an IANA zone"
        ) from exc
    return config
