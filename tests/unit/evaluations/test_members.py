"""R19: whoever gains access by a change of its organization is evaluated, however many they are."""

from __future__ import annotations

from builders import organization, user
from certification.services.evaluate_users import MEMBERS_AT_ONCE
from certification.services.evaluation_messages import handle
from unit.awarding.service import Service

MEMBERS = 2 * MEMBERS_AT_ONCE + 10


def test_a_large_organization_goes_on_through_the_queue_when_time_is_up() -> None:
    people = [user(f"u-{number:04}", organization_id="o-1") for number in range(MEMBERS)]
    service = Service().defined(organization(), *people)
    waiting = [{"kind": "organization_changed", "organization_id": "o-1"}]
    asked: list[str] = []
    invocations = 0
    while waiting:
        invocations += 1
        handle(waiting.pop(), service.app.evaluation_handlers, lambda: False)
        for message in service.evaluations.take():
            if message["kind"] == "user_changed":
                asked.append(message["user_id"])
            else:
                waiting.append(message)

    assert invocations == 1 + MEMBERS // MEMBERS_AT_ONCE
    assert asked == [str(each.user_id) for each in people]
