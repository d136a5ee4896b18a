"""`ETag` and `If-Match`: nobody overwrites what they have not seen, and who does not ask is not in the way."""

from __future__ import annotations

import pytest

from certification.http.router import Route
from populated import populate
from unit.http.api import HttpApi
from unit.http.walk import ROUTES, each, path_of

WRITES = [route for route in ROUTES if route.precondition]
CHANGES = [route for route in ROUTES if route.method in {"PUT", "PATCH", "DELETE"}]
COURSE = {"name": "Know the products"}


@pytest.fixture
def api() -> HttpApi:
    return HttpApi()


def body_of(route: Route) -> object:
    return route.example if route.body is not None else None


def test_every_change_of_something_that_can_be_read_honours_if_match() -> None:
    """The rest has no ETag to match: a key, a webhook that was kept."""
    deaf = {f"{route.method} {route.path}" for route in CHANGES if not route.precondition}
    assert deaf == {"DELETE /api-keys/{key_id}", "DELETE /intake/{source_id}/{intake_id}"}


@each(WRITES)
def test_a_write_of_what_has_changed_is_a_412_and_changes_nothing(api: HttpApi, route: Route) -> None:
    ids = populate(api.made)
    before = dict(api.table.items)
    for tag in ('"0"', '"999"', "0", '"', "", '"0", "999"', 'W/"0"'):
        status, problem = api.call(
            route.method, path_of(route.path, **ids), body_of(route), headers={"If-Match": tag}
        )
        assert status in {412, 404}, (tag, problem)
        if status == 404:
            assert route.path.startswith("/crm"), "everything else is there"
    assert api.table.items == before


class TestACourse:
    PATH = "/courses/c-1"

    def test_is_written_where_the_etag_is_the_one_that_was_read(self, api: HttpApi) -> None:
        api.made("PUT", self.PATH, COURSE)
        api.made("GET", self.PATH)
        read = api.headers["ETag"]
        assert api.call("PUT", self.PATH, {"name": "New"}, headers={"If-Match": read})[0] == 200
        assert api.headers["ETag"] != read
        assert api.call("PUT", self.PATH, {"name": "Newer"}, headers={"If-Match": read})[0] == 412
        assert api.made("GET", self.PATH)["name"] == "New"

    def test_any_of_several_etags_will_do_also_weak_ones(self, api: HttpApi) -> None:
        api.made("PUT", self.PATH, COURSE)
        read = api.headers["ETag"]
        assert api.call("PUT", self.PATH, {"name": "A"}, headers={"If-Match": f'"7", W/{read}'})[0] == 200

    def test_a_star_asks_that_it_exists(self, api: HttpApi) -> None:
        assert api.call("PUT", self.PATH, COURSE, headers={"If-Match": "*"})[0] == 412
        assert api.call("GET", self.PATH)[0] == 404
        api.made("PUT", self.PATH, COURSE)
        assert api.call("PUT", self.PATH, COURSE, headers={"If-Match": "*"})[0] == 200

    def test_the_same_again_changes_nothing_not_even_the_etag(self, api: HttpApi) -> None:
        api.made("PUT", self.PATH, COURSE)
        first = api.headers["ETag"]
        assert api.call("PUT", self.PATH, COURSE)[0] == 200
        assert api.headers["ETag"] == first
        assert len(api.table.changes) == 1

    def test_who_is_overtaken_with_an_if_match_is_refused(self, api: HttpApi) -> None:
        """Not by what it read before: by what came between its own read and its write."""
        api.made("PUT", self.PATH, COURSE)
        read = api.headers["ETag"]
        overtake(api, {"name": "Faster"})
        assert api.call("PUT", self.PATH, {"name": "Slower"}, headers={"If-Match": read})[0] == 412
        assert api.made("GET", self.PATH)["name"] == "Faster"

    def test_who_is_overtaken_without_one_writes_over_it(self, api: HttpApi) -> None:
        api.made("PUT", self.PATH, COURSE)
        overtake(api, {"name": "Faster"})
        assert api.call("PUT", self.PATH, {"name": "Slower"})[0] == 200
        assert api.made("GET", self.PATH)["name"] == "Slower"

    def test_of_twenty_who_write_it_at_once_the_last_succeeds_too(self, api: HttpApi) -> None:
        """A 412 is for who sent an `If-Match`."""
        api.made("PUT", self.PATH, COURSE)
        overtake(api, {"name": "Faster"}, times=19)
        assert api.call("PUT", self.PATH, {"name": "Slower"})[0] == 200
        assert api.made("GET", self.PATH)["name"] == "Slower"

    def test_two_who_create_it_at_once_both_succeed(self, api: HttpApi) -> None:
        overtake(api, COURSE)
        assert api.call("PUT", self.PATH, COURSE)[0] == 200

    def test_who_is_overtaken_again_and_again_gives_up_in_the_end(self, api: HttpApi) -> None:
        api.made("PUT", self.PATH, COURSE)
        overtake(api, {"name": "Faster"}, times=50)
        assert api.call("PUT", self.PATH, {"name": "Slower"})[0] == 412


def overtake(api: HttpApi, body: object, times: int = 1) -> None:
    """Before the next write of somebody else, this one."""
    left = [times]

    def before(_: str) -> None:
        if left[0] > 0:
            left[0] -= 1
            hook, api.table.before_effect = api.table.before_effect, None
            api.made("PUT", TestACourse.PATH, {"description": str(left[0]), **dict(body)})  # type: ignore[call-overload]
            api.table.before_effect = hook

    api.table.before_effect = before
