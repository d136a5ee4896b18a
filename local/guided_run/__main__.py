"""`python -m local.guided_run`, on a service that `make up` brought up."""

from __future__ import annotations

import sys
import time

from local.guided_run.api import Api, StepFailedError
from local.guided_run.closing import show_what_is_up
from local.guided_run.cloud import Cloud
from local.guided_run.company import certify_company
from local.guided_run.crm import connect_crms, map_fields
from local.guided_run.crm_sandbox_client import CrmSandboxClient
from local.guided_run.definitions import define, publish
from local.guided_run.later import history, sweep
from local.guided_run.learning import award, learn
from local.guided_run.narration import Narrator
from local.guided_run.story import Story, new_tag
from local.place import LocalError, current_place

CHAPTERS = (connect_crms, define, publish, map_fields, learn, award, certify_company, sweep, history)


def main() -> int:
    started = time.monotonic()
    try:
        place = current_place()
        stack = place.stack()
        story = Story(
            api=Api(stack["api_url"], stack["admin_api_key"]),
            cloud=Cloud(stack),
            crm=CrmSandboxClient({"hubspot": stack["hubspot_url"], "salesforce": stack["salesforce_url"]}),
            say=Narrator(),
            tag=new_tag(),
        )
        for chapter in CHAPTERS:
            chapter(story)
    except (LocalError, StepFailedError, OSError) as exc:
        print(f"\nIt stopped here: {exc}", file=sys.stderr)
        return 1
    show_what_is_up(story, place, seconds=time.monotonic() - started)
    return 0


if __name__ == "__main__":
    sys.exit(main())
