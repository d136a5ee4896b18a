"""From draft to retired: R2, R13, R18, R22, R24 through the routes, with what follows in the workers."""

from __future__ import annotations

from typing import Any

import pytest

from programme import Programme, required

A_YEAR = {"type": "duration", "duration": "P12M"}


@pytest.fixture
def api() -> Programme:
    return Programme()


def read(api: Programme, certification_id: str) -> Any:
    return api.made("GET", f"/certifications/{certification_id}")


def change(api: Programme, certification_id: str, **parts: Any) -> Any:
    changed = api.made("PATCH", f"/certifications/{certification_id}", parts)
    api.work()
    return changed


def do(api: Programme, certification_id: str, what: str, body: Any = None) -> tuple[int, Any]:
    answer = api.call("POST", f"/certifications/{certification_id}/{what}", body)
    api.work()
    return answer


@pytest.mark.parametrize(
    ("policy", "completed_on", "expires"),
    [
        ({"type": "never"}, "2026-11-20", None),
        ({"type": "fixed_date", "date": "2026-12-31"}, "2026-12-31", "2026-12-31"),
        (A_YEAR, "2024-02-29", "2025-02-28"),
        ({"type": "duration", "duration": "P1M"}, "2026-01-31", "2026-02-28"),
        ({"type": "duration", "duration": "P1Y6M2D"}, "2026-08-31", "2028-03-02"),
        ({"type": "anchored", "month": 12, "day": 31, "minimum": "P3M"}, "2026-09-30", "2026-12-31"),
        ({"type": "anchored", "month": 12, "day": 31, "minimum": "P3M"}, "2026-10-01", "2027-12-31"),
        ({"type": "anchored", "month": 2, "day": 29}, "2026-02-27", "2026-02-28"),
        ({"type": "anchored", "month": 2, "day": 29}, "2027-02-28", "2028-02-29"),
    ],
)
def test_r2_r3_the_preview_is_the_date_that_an_award_gets(
    api: Programme, policy: Any, completed_on: str, expires: str | None
) -> None:
    certification = api.draft(expiration=policy)
    path = f"/certifications/{certification}/expiration-preview"
    preview = api.made("GET", path, query=f"completion_date={completed_on}")
    assert preview["expiration_date"] == expires
    assert preview["rule"].endswith(".")
    api.on("2028-01-01").made("PATCH", f"/certifications/{certification}", {"expiration": policy})
    if read(api, certification)["publish_checklist"] == []:
        api.made("POST", f"/certifications/{certification}/publish")
        assert api.awarded(certification, completed_on)["expiration_date"] == expires


def test_r8_the_preview_after_the_fixed_date_says_that_it_has_ended(api: Programme) -> None:
    certification = api.draft(expiration={"type": "fixed_date", "date": "2026-12-31"})
    path = f"/certifications/{certification}/expiration-preview"
    status, problem = api.call("GET", path, query="completion_date=2027-01-01")
    assert (status, problem["type"].rpartition(":")[2]) == (422, "validity-ended")


def test_r18_a_draft_awards_nobody_and_publishing_evaluates_everyone(api: Programme) -> None:
    """R13: a completion counts whenever it was made."""
    certification = api.draft()
    api.complete("c-1", on="2026-10-01")
    api.user("u-2")
    api.complete("c-1", on="2026-10-02", user_id="u-2")
    assert api.held() == []
    published = api.made("POST", f"/certifications/{certification}/publish")
    assert published["publish_status"] == "published"
    api.work()
    evaluation = api.made("GET", f"/evaluations/{published['evaluation_id']}")
    assert (evaluation["state"], evaluation["counts"]["awarded"]) == ("completed", 2)
    assert [item["completion_date"] for item in api.held()] == ["2026-10-01"]


def test_r7_what_has_lapsed_by_the_publish_is_recorded_and_told_to_nobody(api: Programme) -> None:
    api.complete("c-1", on="2024-05-01")
    api.published(reminders=["P30D"])
    assert [(c["status"], c["expiration_date"]) for c in api.held()] == [("expired", "2025-05-01")]
    api.app.expiry_sweep.run(api.clock.now(), lambda: True)
    api.work()
    assert api.bus.published == []


def test_r18_unpublished_it_awards_nobody_until_it_is_published_again(api: Programme) -> None:
    certification = api.published()
    assert do(api, certification, "unpublish")[1]["publish_status"] == "draft"
    api.complete("c-1")
    assert api.held() == []
    do(api, certification, "publish")
    assert len(api.held()) == 1


def test_r18_retired_what_is_held_runs_out_and_new_ones_need_a_hand_and_a_reason(api: Programme) -> None:
    certification = api.published()
    api.complete("c-1")
    api.user("u-2")
    assert do(api, certification, "retire")[1]["publish_status"] == "retired"
    api.complete("c-1", user_id="u-2")
    assert api.held("user_id=u-2") == []
    assert api.statuses() == ["active"]
    assert api.award(certification, "2026-11-20", user_id="u-2")[0] == 422
    assert api.award(certification, "2026-11-20", user_id="u-2", reason="promised")[0] == 201
    assert api.on("2027-11-21").statuses() == ["expired"]


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        ([], "unpublish", 409),
        ([], "retire", 409),
        (["publish"], "publish", 200),
        (["publish", "retire"], "publish", 409),
        (["publish", "retire"], "unpublish", 409),
        (["publish", "retire"], "retire", 200),
        (["publish", "unpublish"], "retire", 200),
        (["publish", "unpublish"], "unpublish", 409),
    ],
)
def test_from_which_state_to_which(api: Programme, first: list[str], then: str, status: int) -> None:
    certification = api.draft()
    for step in first:
        do(api, certification, step)
    assert do(api, certification, then)[0] == status


def test_the_type_can_be_sent_along_and_changed_until_it_is_first_published(api: Programme) -> None:
    certification = api.draft(requirements=None)
    assert change(api, certification, type="organization", expiration=None)["type"] == "organization"
    do(api, certification, "publish")
    assert change(api, certification, type="organization", name="Tier")["name"] == "Tier"
    assert api.call("PATCH", f"/certifications/{certification}", {"type": "user"})[0] == 409
    with_courses = api.draft()
    assert api.call("PATCH", f"/certifications/{with_courses}", {"type": "organization"})[0] == 422


class TestVersions:
    """R22."""

    def test_edits_of_a_draft_make_no_version(self, api: Programme) -> None:
        certification = api.draft()
        change(api, certification, requirements=required("c-2"))
        assert read(api, certification)["version"] == 1
        assert api.made("GET", f"/certifications/{certification}/versions")["items"] == []

    def test_each_edit_of_a_published_one_makes_one(self, api: Programme) -> None:
        certification = api.published()
        assert change(api, certification, requirements=required("c-1", "c-2"))["version"] == 2
        assert change(api, certification, expiration={"type": "never"})["version"] == 3

    def test_several_edits_while_unpublished_make_one(self, api: Programme) -> None:
        certification = api.published()
        do(api, certification, "unpublish")
        change(api, certification, requirements=required("c-1", "c-2"))
        change(api, certification, renewal={"opens": "P30D"})
        assert read(api, certification)["version"] == 2
        do(api, certification, "publish")
        change(api, certification, requirements=required("c-1", "c-3"))
        versions = api.made("GET", f"/certifications/{certification}/versions")["items"]
        assert [version["version"] for version in versions] == [1, 2, 3]

    @pytest.mark.parametrize(
        "parts",
        [
            {"name": "Another"},
            {"details": "Other words"},
            {"permissions": {"audience": "no_one"}},
            {"reminders": ["P7D"]},
            {"requirements": required("c-1")},
        ],
    )
    def test_these_need_none(self, api: Programme, parts: Any) -> None:
        certification = api.published()
        assert change(api, certification, **parts)["version"] == 1

    def test_a_completion_keeps_the_version_that_it_was_earned_under(self, api: Programme) -> None:
        certification = api.published()
        api.complete("c-1")
        change(api, certification, requirements=required("c-1", "c-2"))
        api.user("u-2")
        api.complete("c-1", "c-2", user_id="u-2")
        assert [c["certification_version"] for c in api.held(f"certification_id={certification}")] == [1, 2]

    def test_adding_a_requirement_takes_nothing_away(self, api: Programme) -> None:
        certification = api.published()
        api.complete("c-1")
        before = api.held()
        change(api, certification, requirements=required("c-1", "c-2"))
        assert api.held() == before

    def test_removing_one_evaluates_everyone(self, api: Programme) -> None:
        certification = api.published(requirements=required("c-1", "c-2"))
        api.complete("c-1", on="2026-11-01")
        assert api.held() == []
        change(api, certification, requirements=required("c-1"))
        (held,) = api.held()
        assert (held["certification_version"], held["completion_date"]) == (2, "2026-11-01")

    def test_widening_the_permissions_evaluates_everyone(self, api: Programme) -> None:
        certification = api.published(permissions={"audience": "no_one"})
        api.complete("c-1")
        assert api.held() == []
        change(api, certification, permissions={"audience": "everyone"})
        assert len(api.held()) == 1

    def test_an_edit_that_changes_nothing_is_none(self, api: Programme) -> None:
        certification = api.published()
        etag = (read(api, certification), api.headers["ETag"])
        assert change(api, certification, expiration=A_YEAR)["evaluation_id"] is None
        assert (read(api, certification), api.headers["ETag"]) == etag

    def test_what_was_edited_before_it_was_retired_is_a_version_too(self, api: Programme) -> None:
        """By hand it is awarded still, and each award's version can be read."""
        certification = api.published()
        do(api, certification, "unpublish")
        api.made("PATCH", f"/certifications/{certification}", {"expiration": None})
        do(api, certification, "retire")
        status, problem = api.award(certification, "2026-11-20", reason="promised")
        assert (status, problem["errors"][0]["pointer"]) == (422, "/expiration_date"), (
            "no policy is not never"
        )
        made = api.awarded(certification, "2026-11-20", reason="promised", expiration_date="2027-01-31")
        versions = api.made("GET", f"/certifications/{certification}/versions")["items"]
        assert made["certification_version"] == versions[-1]["version"] == 2

    def test_a_retired_one_is_not_edited(self, api: Programme) -> None:
        certification = api.published()
        do(api, certification, "retire")
        assert api.call("PATCH", f"/certifications/{certification}", {"name": "New"})[0] == 409


class TestDifference:
    """R22: what two versions do not agree in, for a person to read."""

    @pytest.fixture
    def certification(self, api: Programme) -> str:
        first = {"courses": [{"course_id": "c-1", "minimum_score": 70}, {"course_id": "c-2"}]}
        certification = api.published(requirements=first)
        second = {
            "courses": [
                {"course_id": "c-1", "minimum_score": 80, "equivalents": ["c-2"]},
                {"course_id": "c-3"},
            ],
            "required_count": 1,
        }
        change(api, certification, requirements=second)
        change(
            api, certification, expiration={"type": "duration", "duration": "P24M"}, renewal={"opens": "P60D"}
        )
        return certification

    def versions(self, api: Programme, certification: str, query: str = "") -> Any:
        return api.made("GET", f"/certifications/{certification}/versions", query=query)

    def test_without_a_question_it_is_the_newest_against_the_one_before(
        self, api: Programme, certification: str
    ) -> None:
        changes = self.versions(api, certification)["changes"]
        assert changes == [
            {
                "part": "expiration",
                "from": {"type": "duration", "duration": "P12M"},
                "to": {"type": "duration", "duration": "P24M"},
                "summary": [
                    "Before: It is valid for P12M from the completion date.",
                    "Now: It is valid for P24M from the completion date.",
                ],
            },
            {
                "part": "renewal",
                "from": None,
                "to": {"opens": "P60D", "basis": "expiration"},
                "summary": [
                    "It can be renewed from P60D before its expiration on; counted from the old expiration.",
                    "Once it has expired, it is earned anew.",
                ],
            },
        ]

    def test_any_two_can_be_compared_in_either_direction(self, api: Programme, certification: str) -> None:
        (first, *_) = self.versions(api, certification, "from=1&to=2")["changes"]
        assert first["part"] == "requirements"
        assert first["summary"] == [
            "c-2 is not required any more.",
            "c-3 is required now.",
            "c-1 needs a score of at least 80; before: a score of at least 70.",
            "c-1 can be replaced by c-2; before: by nothing.",
            "Any 1 of 2 courses are enough; before: All 2 courses are required.",
        ]
        back = self.versions(api, certification, "from=2&to=1")["changes"][0]
        assert (back["from"], back["to"]) == (first["to"], first["from"])
        assert [c["part"] for c in self.versions(api, certification, "from=1&to=3")["changes"]] == [
            "requirements",
            "expiration",
            "renewal",
        ]
        assert self.versions(api, certification, "from=2&to=2")["changes"] == []

    @pytest.mark.parametrize("query", ["from=1&to=9", "from=7", "to=4"])
    def test_a_version_that_never_was_is_not_found(
        self, api: Programme, certification: str, query: str
    ) -> None:
        assert api.call("GET", f"/certifications/{certification}/versions", query=query)[0] == 404

    def test_they_come_in_pages_as_every_list_does(self, api: Programme, certification: str) -> None:
        first = self.versions(api, certification, "limit=2")
        rest = self.versions(api, certification, f"limit=2&cursor={first['next_cursor']}")
        assert [[item["version"] for item in page["items"]] for page in (first, rest)] == [[1, 2], [3]]
        assert rest["next_cursor"] is None
        assert first["changes"] == rest["changes"] == self.versions(api, certification)["changes"]
        path = f"/certifications/{certification}/versions"
        assert [api.call("GET", path, query=query)[0] for query in ("limit=0", "cursor=x")] == [422, 400]

    def test_every_version_reads_as_it_was_published(self, api: Programme, certification: str) -> None:
        items = self.versions(api, certification)["items"]
        assert [item["expiration"]["duration"] for item in items] == ["P12M", "P12M", "P24M"]
        assert items[0]["requirements"]["courses"][0] == {"course_id": "c-1", "minimum_score": 70}
        assert all(item["published_at"] == "2026-11-20T12:00:00Z" for item in items)


class TestRequiredCourses:
    def test_a_course_is_added_changed_and_removed(self, api: Programme) -> None:
        certification = api.draft()
        path = f"/certifications/{certification}/courses/c-2"
        assert api.call("PUT", path)[0] == 201
        status, body = api.call("PUT", path, {"minimum_score": 80, "equivalents": ["c-3"]})
        assert status == 200
        assert body["requirements"]["courses"] == [
            {"course_id": "c-1"},
            {"course_id": "c-2", "minimum_score": 80, "equivalents": ["c-3"]},
        ]
        assert api.call("DELETE", path)[0] == 204
        assert api.call("DELETE", path)[0] == 404
        assert read(api, certification)["requirements"]["courses"] == [{"course_id": "c-1"}]

    def test_added_to_a_published_one_it_makes_a_version_and_an_evaluation(self, api: Programme) -> None:
        certification = api.published()
        body = api.made("PUT", f"/certifications/{certification}/courses/c-2")
        assert body["version"] == 2
        api.work()
        assert api.made("GET", f"/evaluations/{body['evaluation_id']}")["state"] == "completed"

    def test_what_a_published_one_asks_for_must_exist(self, api: Programme) -> None:
        certification = api.published()
        status, problem = api.call("PUT", f"/certifications/{certification}/courses/c-9")
        assert (status, problem["errors"][0]["code"]) == (409, "course_unknown")
        assert api.call("PUT", f"/certifications/{api.draft()}/courses/c-9")[0] == 201

    def test_r22_the_last_course_of_a_published_one_stays(self, api: Programme) -> None:
        certification = api.published()
        assert api.call("DELETE", f"/certifications/{certification}/courses/c-1")[0] == 409
        assert api.call("DELETE", f"/certifications/{api.draft()}/courses/c-1")[0] == 204

    def test_too_few_are_left_for_the_count(self, api: Programme) -> None:
        certification = api.published(requirements=required("c-1", "c-2", required_count=2))
        status, problem = api.call("DELETE", f"/certifications/{certification}/courses/c-2")
        assert (status, problem["errors"][0]["code"]) == (409, "required_count_too_high")

    def test_removed_from_a_published_one_everyone_is_evaluated(self, api: Programme) -> None:
        certification = api.published(requirements=required("c-1", "c-2"))
        api.complete("c-1")
        api.made("DELETE", f"/certifications/{certification}/courses/c-2")
        api.work()
        assert len(api.held()) == 1

    @pytest.mark.parametrize("method", ["PUT", "DELETE"])
    def test_of_an_unknown_certification_nothing_is_found(self, api: Programme, method: str) -> None:
        assert api.call(method, "/certifications/none/courses/c-1")[0] == 404


class TestDeleting:
    """R24."""

    def test_what_was_never_published_goes(self, api: Programme) -> None:
        certification = api.draft()
        assert api.call("DELETE", f"/certifications/{certification}") == (204, "")
        assert api.call("GET", f"/certifications/{certification}")[0] == 404

    def test_what_was_published_once_stays(self, api: Programme) -> None:
        certification = api.published()
        assert api.call("DELETE", f"/certifications/{certification}")[0] == 409
        do(api, certification, "unpublish")
        assert api.call("DELETE", f"/certifications/{certification}")[0] == 409
        do(api, certification, "retire")
        assert api.call("DELETE", f"/certifications/{certification}")[0] == 409

    @pytest.mark.parametrize("as_equivalent", [False, True])
    def test_a_course_that_a_published_one_requires_stays(self, api: Programme, as_equivalent: bool) -> None:
        courses: list[Any] = [
            {"course_id": "c-1", "equivalents": ["c-2"]} if as_equivalent else {"course_id": "c-2"}
        ]
        certification = api.published(requirements={"courses": courses})
        status, problem = api.call("DELETE", "/courses/c-2")
        assert (status, problem["errors"][0]["code"]) == (409, "course_required")
        assert certification in problem["errors"][0]["message"]
        do(api, certification, "unpublish")
        assert api.call("DELETE", "/courses/c-2")[0] == 204


class TestLists:
    def test_by_type_and_publish_status(self, api: Programme) -> None:
        draft = api.draft()
        published = api.published()
        tier = api.published(type="organization", requirements=None)

        def listed(query: str) -> set[str]:
            return {c["certification_id"] for c in api.made("GET", "/certifications", query=query)["items"]}

        assert listed("") == {draft, published, tier}
        assert listed("type=organization") == {tier}
        assert listed("publish_status=published&type=user") == {published}
        assert listed("publish_status=retired") == set()
