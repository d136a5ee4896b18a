"""Whom and what a guided run is about: new names each time, so that it can run again on a service in use."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime

from local.guided_run.api import Api
from local.guided_run.cloud import Cloud
from local.guided_run.crm_sandbox_client import CrmSandboxClient
from local.guided_run.narration import Narrator


@dataclass(kw_only=True)
class Story:
    """What the chapters share; the certifications are filled in as they are created."""

    api: Api
    cloud: Cloud
    crm: CrmSandboxClient
    say: Narrator
    tag: str
    user_certification: str = ""
    organization_certification: str = ""

    @property
    def ada(self) -> str:
        return f"ada-{self.tag}"

    @property
    def ben(self) -> str:
        return f"ben-{self.tag}"

    @property
    def partner(self) -> str:
        return f"northwind-{self.tag}"

    def email(self, user_id: str) -> str:
        return f"{user_id}@northwind.example"

    def course(self, name: str) -> str:
        return f"{name}-{self.tag}"

    @property
    def courses(self) -> list[str]:
        return [self.course(name) for name in ("products", "pricing", "closing")]

    @property
    def academy(self) -> str:
        return f"academy-{self.tag}"

    @property
    def school(self) -> str:
        return f"thinkific-{self.tag}"

    @property
    def today(self) -> date:
        """The service's civil date: its zone is UTC here (R1)."""
        return datetime.now(UTC).date()


def new_tag() -> str:
    """A few letters that make this run's names its own."""
    return secrets.token_hex(2)
