"""The HTTP API. One table of routes is dispatched, guarded by scopes, and described in the OpenAPI document.

A route module declares its routes in a tuple `ROUTES`, and `routes/__init__.py` lists the modules:

    class CourseBody(Body):                       # schemas: unknown fields are refused, types are strict
        name: Name
        active: bool = True

    def put_course(app: App, request: Request) -> Response:
        course, created = app.courses.put(request.params["course_id"], request.body, if_match=request.if_match)
        return Response(201 if created else 200, course_json(course), etag=course.revision)

    ROUTES = (
        Route("PUT", "/courses/{course_id}", put_course, scope=Scope.WRITE, tag="Courses",
              summary="Create or replace a course", body=CourseBody, precondition=True,
              answers={201: CourseAnswer, 200: CourseAnswer}, problems=(409,)),
    )

Handlers raise the domain's errors (`domain/errors.py`); `problems.py` turns them into RFC 9457 problems. The
problems that follow from a route's other properties (401, 403, 404, 400, 412, 413, 415, 422) need not be named.
"""
