"""Whatever is wrong with a request is told as RFC 9457 says, with the status that the contract fixes."""

from __future__ import annotations

import base64
import json
from io import StringIO
from typing import Any

import pytest

from certification.config import Config
from certification.http.router import Route
from certification.observability import logger
from unit.http.api import FIRST_KEY, HttpApi, event
from unit.http.walk import METHODS, PATHS, ROUTES, each, fields_of, path_of

WITH_BODY = [route for route in ROUTES if route.body is not None]
WITH_QUERY = [route for route in ROUTES if route.query is not None]
LISTS = [route for route in ROUTES if {"limit", "cursor"} <= fields_of(route, "query").keys()]
WITH_IDS = [(route, param) for route in ROUTES for param in route.params if param not in {*route.free_params}]
LIMIT = 2000


@pytest.fixture
def api() -> HttpApi:
    return HttpApi(settings={"max_body_bytes": LIMIT})


def assert_problem(api: HttpApi, status: int, problem: Any, code: str) -> None:
    assert api.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail", "errors"} <= problem.keys()
    assert problem["status"] == status
    assert problem["type"].endswith(f":{code}")
    assert problem["detail"]
    assert problem["errors"] or status != 422


def required_query(route: Route) -> str:
    """What a list needs besides `limit` and `cursor`."""
    return {"/certification-completions": "user_id=u-1&"}.get(route.path, "")


@pytest.mark.parametrize("path", ["/", "/nothing", "/courses/c-1/nothing", "//", "/courses/", "/Courses"])
def test_an_unknown_route_is_a_404_that_says_where_the_routes_are(api: HttpApi, path: str) -> None:
    status, problem = api.call("GET", path, key=None)
    if path == "/courses/":
        assert status == 401, "a slash at the end is the same route"
        return
    assert status == 404
    assert_problem(api, 404, problem, "unknown-route")
    assert "/openapi.json" in problem["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_is_a_405_that_lists_the_right_ones(api: HttpApi, path: str) -> None:
    taken = {route.method for route in ROUTES if route.path == path}
    allowed = taken | {"OPTIONS"} | ({"HEAD"} if "GET" in taken else set())
    for method in {*METHODS, "TRACE", "QUERY"} - allowed:
        status, problem = api.call(method, path_of(path), key=None)
        assert (method, status) == (method, 405)
        assert set(api.headers["Allow"].split(", ")) == allowed
        if method != "HEAD":
            assert_problem(api, 405, problem, "method-not-allowed")


@pytest.mark.parametrize("path", PATHS)
def test_options_answers_what_a_route_takes_without_a_key(api: HttpApi, path: str) -> None:
    taken = {route.method for route in ROUTES if route.path == path}
    assert api.call("OPTIONS", path_of(path), key=None) == (204, "")
    assert taken <= set(api.headers["Allow"].split(", "))


@each(WITH_BODY)
@pytest.mark.parametrize("body", ["{", "not JSON", '{"a": NaN}', '{"a": 1} {"b": 2}', "\ufeff{}", "[" * 300])
def test_a_body_that_is_not_json_is_a_400(api: HttpApi, route: Route, body: str) -> None:
    status, problem = api.call(route.method, path_of(route.path), body)
    assert status == 400, problem
    assert_problem(api, 400, problem, "not-json")


@each(WITH_BODY)
def test_a_body_that_is_no_text_is_a_400(api: HttpApi, route: Route) -> None:
    headers = {"content-type": "application/json", "authorization": f"Bearer {FIRST_KEY}"}
    sent = event(route.method, path_of(route.path), headers=headers)
    sent |= {"body": base64.b64encode(b'{"name": "\xff\xfe"}').decode(), "isBase64Encoded": True}
    status, problem = api.send(sent)
    assert status == 400
    assert_problem(api, 400, problem, "not-json")


@each([route for route in WITH_BODY if route.body_required])
def test_no_body_where_one_is_needed_is_a_400(api: HttpApi, route: Route) -> None:
    assert api.call(route.method, path_of(route.path))[0] == 400


@each(WITH_BODY)
@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", "nonsense"])
def test_a_body_of_another_kind_is_a_415(api: HttpApi, route: Route, media_type: str) -> None:
    status, problem = api.call(route.method, path_of(route.path), "{}", headers={"Content-Type": media_type})
    assert status == 415
    assert_problem(api, 415, problem, "unsupported-media-type")


@each([route for route in WITH_BODY if not route.body_required])
def test_an_empty_body_is_of_no_kind(api: HttpApi, route: Route) -> None:
    """`curl -d ''` calls it a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.call(route.method, path_of(route.path), "", headers=form)[0] not in {400, 415}


@each([route for route in ROUTES if route.method == "POST" and route.body is None and route.raw_body is None])
def test_what_is_sent_to_a_post_that_takes_nothing_is_refused(api: HttpApi, route: Route) -> None:
    path = path_of(route.path)
    status, problem = api.call("POST", path, {"reason": "outdated"})
    assert (status, [error["pointer"] for error in problem["errors"]]) == (422, ["/reason"])
    assert api.call("POST", path, "{")[0] == 400
    assert api.call("POST", path, {}) == api.call("POST", path)


@each([route for route in WITH_BODY if fields_of(route, "body").keys() != {"root"}])
def test_an_unknown_field_is_a_422_that_points_at_it(api: HttpApi, route: Route) -> None:
    status, problem = api.call(route.method, path_of(route.path), {"no/such~field": 1})
    assert status == 422
    assert_problem(api, 422, problem, "invalid-body")
    unknown = {e["pointer"] for e in problem["errors"] if e["code"] == "extra_forbidden"}
    assert unknown == {"/no~1such~0field"}


@each([route for route in WITH_BODY if fields_of(route, "body").keys() != {"root"}])
def test_a_value_of_a_wrong_type_is_a_422_that_points_at_it(api: HttpApi, route: Route) -> None:
    """No text, number or truth value is anything else by coercion; nothing takes a nested list."""
    for field in fields_of(route, "body"):
        status, problem = api.call(route.method, path_of(route.path), {field: [[[1]]]})
        assert status == 422, (field, problem)
        assert any(e["pointer"].startswith(f"/{field}") for e in problem["errors"]), (field, problem)


@each(WITH_BODY)
@pytest.mark.parametrize("body", ["null", "1", '"text"', "true"])
def test_a_body_that_is_no_object_is_a_422(api: HttpApi, route: Route, body: str) -> None:
    assert api.call(route.method, path_of(route.path), body)[0] == 422


@each(ROUTES)
def test_an_unknown_or_a_repeated_query_parameter_is_a_422(api: HttpApi, route: Route) -> None:
    for query in ("nothing=1", "nothing", "limit=1&limit=2", "=", "%00=1"):
        status, problem = api.call(route.method, path_of(route.path), {} if route.body else None, query)
        assert status == 422, (query, problem)
        assert_problem(api, 422, problem, "invalid-query")
        assert problem["errors"]


@each(ROUTES)
def test_a_query_that_is_no_text_is_a_400(api: HttpApi, route: Route) -> None:
    status, problem = api.call(route.method, path_of(route.path), query="limit=%ff")
    assert status == 400
    assert_problem(api, 400, problem, "unreadable-request")


@each(ROUTES)
def test_a_body_over_the_limit_is_a_413_before_it_is_read(api: HttpApi, route: Route) -> None:
    status, problem = api.call(route.method, path_of(route.path), "{" + " " * LIMIT)
    assert status == 413
    assert_problem(api, 413, problem, "body-too-large")
    assert str(LIMIT) in problem["detail"]


def test_the_limit_leaves_room_for_what_a_gateway_passes_on() -> None:
    """Lambda takes 6 MB of event; base64 would take a third more."""
    assert Config(table_name="t").max_body_bytes <= 6_000_000


@pytest.mark.parametrize(
    ("route", "param"), WITH_IDS, ids=[f"{r.method} {r.path} {param}" for r, param in WITH_IDS]
)
@pytest.mark.parametrize("bad", ["%20", "a%20b", "a%2Fb", "%C3%BC", "a%0A", "%00", "a%23b", "x" * 129])
def test_an_id_that_cannot_be_one_is_a_422(api: HttpApi, route: Route, param: str, bad: str) -> None:
    status, problem = api.call(route.method, path_of(route.path, **{param: bad}), {} if route.body else None)
    assert status == 422, problem
    assert_problem(api, 422, problem, "invalid-path")
    assert [e["pointer"] for e in problem["errors"]] == [f"/{param}"]


@pytest.mark.parametrize("good", ["a", "A.b_c:d+e@f-0", "x" * 128, "..", "%2B", "%40"])
def test_every_other_id_is_one(api: HttpApi, good: str) -> None:
    assert api.call("GET", f"/courses/{good}")[0] == 404
    assert api.call("PUT", f"/courses/{good}", {"name": "A course"})[0] == 201
    assert api.call("GET", f"/courses/{good}")[0] == 200


def test_a_path_that_is_no_text_is_a_400(api: HttpApi) -> None:
    status, problem = api.call("GET", "/courses/%ff")
    assert status == 400
    assert_problem(api, 400, problem, "unreadable-request")


@each(LISTS)
@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "eyJwayI6ICJVU0VSUyJ9", "%F0%9F%99%82", "x" * 9000])
def test_a_forged_cursor_is_a_400(api: HttpApi, route: Route, cursor: str) -> None:
    status, problem = api.call("GET", path_of(route.path), query=f"{required_query(route)}cursor={cursor}")
    if status != 404:  # a list of something that does not exist
        assert status == 400, problem
        assert_problem(api, 400, problem, "invalid-cursor")


@each(LISTS)
@pytest.mark.parametrize("limit", ["0", "101", "-1", "1.5", "ten", "", "1e2", "99999999999999999999"])
def test_a_limit_outside_1_to_100_is_a_422(api: HttpApi, route: Route, limit: str) -> None:
    status, problem = api.call("GET", path_of(route.path), query=f"{required_query(route)}limit={limit}")
    assert status == 422
    assert "/limit" in {e["pointer"] for e in problem["errors"]}


@each(LISTS)
@pytest.mark.parametrize("limit", ["limit=1", "limit=100", ""])
def test_a_list_of_nothing_is_an_empty_page(api: HttpApi, route: Route, limit: str) -> None:
    status, page = api.call("GET", path_of(route.path), query=f"{required_query(route)}{limit}".strip("&"))
    assert status == 404 or (status, page) == (200, {"items": [], "next_cursor": None})


@each([route for route in ROUTES if route.params and route.body is None and route.raw_body is None])
def test_an_unknown_id_is_a_404_or_an_empty_list(api: HttpApi, route: Route) -> None:
    if any(info.is_required() for info in fields_of(route, "query").values()):
        return
    status, problem = api.call(route.method, path_of(route.path))
    if status != 200:
        assert status == 404, problem
        assert_problem(api, 404, problem, "not-found")
    else:
        assert problem == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("method", "path", "body", "where"),
    [
        (
            "POST",
            "/certifications",
            {"type": "user", "expiration": {"type": "anchored", "month": 4, "day": 31}},
            [("/expiration/day", "no_such_day")],
        ),
        (
            "POST",
            "/evaluations",
            {"certification_id": "c-1", "expiration": {"type": "never"}},
            [("/expiration", "dry_run_only")],
        ),
        ("POST", "/course-completions", [], [("", "invalid_body")]),
        ("GET", "/intake?state=read", None, [("/source_id", "missing")]),
    ],
)
def test_a_422_says_what_and_where(
    api: HttpApi, method: str, path: str, body: Any, where: list[tuple[str, str]]
) -> None:
    """What is about no part of the request is about the whole of it."""
    path, _, query = path.partition("?")
    status, problem = api.call(method, path, body, query)
    assert (status, [(e["pointer"], e["code"]) for e in problem["errors"]]) == (422, where)


class TestABug:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch, api: HttpApi) -> HttpApi:
        def fail(*_: Any, **__: Any) -> None:
            raise ZeroDivisionError("secret of DynamoDBDirectory in /var/task/certification")

        monkeypatch.setattr(api.app.directory, "course", fail)
        return api

    def test_is_a_500_that_tells_nothing_but_where_to_look(self, broken: HttpApi) -> None:
        status, problem = broken.call("GET", "/courses/c-1")
        assert status == 500
        assert_problem(broken, 500, problem, "internal-error")
        text = json.dumps(problem)
        assert "request-1" in text
        assert not any(
            word in text for word in ("secret", "Dynamo", "Zero", "Traceback", "/var", "certification.")
        )

    def test_is_logged_with_the_id_that_the_caller_was_told(
        self, broken: HttpApi, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = StringIO()
        monkeypatch.setattr(logger.registered_handler, "stream", written)
        logger.setLevel("INFO")
        broken.call("GET", "/courses/c-1")
        logger.setLevel("CRITICAL")
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        (error,) = [line for line in lines if line["level"] == "ERROR"]
        assert "ZeroDivisionError" in error["exception"]
        assert {line["correlation_id"] for line in lines} == {"request-1"}
        assert {line["route"] for line in lines} == {"GET /courses/{course_id}"}


def test_a_table_without_capacity_is_a_503_that_says_when_to_come_back(api: HttpApi) -> None:
    api.table.throttled = True
    status, problem = api.call("GET", "/courses/c-1")
    assert status == 503
    assert_problem(api, 503, problem, "unavailable")
    assert int(api.headers["Retry-After"]) > 0
    assert "throttled" not in json.dumps(problem)
