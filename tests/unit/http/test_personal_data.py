"""All that is stored about a person, in one answer; and what is left of it after erasure."""

from __future__ import annotations

import pytest

from builders import NOW, message
from certification.domain.course_completion_message import UserReference
from certification.domain.model import Identity
from certification.domain.parking import ParkingReason, parked
from programme import Programme
from unit.http.api import HttpApi

NAMES = ("Ada", "partner.example", "ada-7", "sales", "SE")


@pytest.fixture
def api() -> Programme:
    api = Programme()
    identity = {"source": "academy", "external_id": "ada-7"}
    named = {"name": "Ada", "groups": ["sales"], "attributes": {"country": "SE"}, "identities": [identity]}
    api.user("u-7", email="Ada@partner.example", **named)
    return api


def park(api: HttpApi, event_id: str, who: UserReference) -> None:
    entry = parked(message(event_id=event_id, user=who), ParkingReason.USER_CONFLICT, now=NOW)
    api.app.parking.park([entry])


def test_everything_that_is_stored_is_in_it(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1", user_id="u-7")
    api.complete("c-2", user_id="u-7")
    api.complete("c-3", user_id="u-7")
    (held,) = api.held("user_id=u-7")
    ada = Identity(source="academy", external_id="ada-7")
    park(api, "e-1", UserReference(identity=ada, email="bo@partner.example"))
    park(api, "e-2", UserReference(email="ada@partner.example"))
    park(api, "e-3", UserReference(email="bo@partner.example"))

    found = api.made("GET", "/users/u-7/personal-data")

    assert found["user"] == api.made("GET", "/users/u-7")
    assert found["course_completions"] == api.made("GET", "/users/u-7/course-completions")["items"]
    (shown,) = found["certification_completions"]
    assert shown["certification_completion"] == held
    assert held["certification_id"] == certification
    history = f"/certification-completions/{held['certification_completion_id']}/history"
    assert shown["history"] == api.made("GET", history)["items"] != []
    assert sorted(each["course_completion"]["event_id"] for each in found["parked"]) == ["e-1", "e-2"]
    assert found["crm_records"] == []


def test_after_erasure_it_names_nobody(api: Programme) -> None:
    api.published()
    api.complete("c-1", "c-2", "c-3", user_id="u-7")
    before = str(api.made("GET", "/users/u-7/personal-data"))
    assert all(name in before for name in NAMES)

    api.made("POST", "/users/u-7/erase")
    api.work()

    found = api.made("GET", "/users/u-7/personal-data")
    assert len(found["certification_completions"]) == 1
    assert not any(name in str(found) for name in NAMES)


def test_it_needs_an_admin_and_a_user(api: Programme) -> None:
    assert api.call("GET", "/users/u-7/personal-data", key=api.key("read", "write"))[0] == 403
    assert api.call("GET", "/users/nobody/personal-data")[0] == 404
