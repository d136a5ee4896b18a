"""What each function's role must allow: told from the code that the function can come to, in the template's names.

A permission is an action and what it is allowed on: `Table`, `Table/index/due`, `IntakeBucket/raw/*`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from call_graph import Call, Function, call_graph
from template import load_template, resources

TABLE_CALLS = {"get": "GetItem", "get_many": "BatchGetItem"}
WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Check": "ConditionCheckItem"}
# In a batch of statements AWS checks these instead.
STATEMENTS = {"Put": "PartiQLInsert", "Update": "PartiQLUpdate"}

UPLOADS = ("put_object", "create_multipart_upload", "upload_part", "complete_multipart_upload")
OBJECTS: dict[tuple[str, str], tuple[str, ...]] = {
    # Without s3:ListBucket a key that is not there answers 403, which reads like a refusal.
    ("intake", "get_object"): (
        "s3:GetObject IntakeBucket/raw/*",
        "s3:GetObject IntakeBucket/kept/*",
        "s3:ListBucket IntakeBucket",
    ),
    ("intake", "put_object"): ("s3:PutObject IntakeBucket/raw/*", "s3:PutObject IntakeBucket/kept/*"),
    ("intake", "delete_object"): ("s3:DeleteObject IntakeBucket/kept/*",),
    ("intake", "list_objects_v2"): ("s3:ListBucket IntakeBucket",),
    ("import_files", "put_object"): ("s3:PutObject IntakeBucket/imports/*",),
    ("import_files", "get_object"): ("s3:GetObject IntakeBucket/imports/*",),
    **{("export_files", name): ("s3:PutObject IntakeBucket/exports/*",) for name in UPLOADS},
    ("export_files", "get_object"): ("s3:GetObject IntakeBucket/exports/*",),
    # Who follows a presigned address acts with the role that signed it.
    ("export_files", "generate_presigned_url"): ("s3:GetObject IntakeBucket/exports/*",),
    ("events", "put_events"): ("events:PutEvents EventBus",),
    ("first_key", "get_secret_value"): ("secretsmanager:GetSecretValue AdminKeySecret",),
}
# Who asks for a secret says which: the stack's own key, a source's, a CRM's.
SECRETS = {
    "adapters.completion_ids": "parameter/completion-id-key",
    "adapters.source_secrets": "parameter/sources/*",
    "domain.crm_credentials": "parameter/crm/*",
    "services.crm_connections": "parameter/crm/*",
}
SECRET_CALLS = {
    "get": ("ssm:GetParameter",),
    "put": ("ssm:PutParameter",),
    "delete": ("ssm:DeleteParameter",),
    "get_or_create": ("ssm:GetParameter", "ssm:PutParameter"),
}
OWN_ADAPTERS = ("adapters.secrets", "adapters.queues", "adapters.dynamodb.client_table")


class Permission(NamedTuple):
    action: str
    resource: str


def function_name(logical_id: str) -> str:
    """`functions.lms_webhook` of `LmsWebhookFunction`."""
    folder: str = resources("AWS::Serverless::Function")[logical_id]["Properties"]["CodeUri"]
    return folder.replace("/", ".")


@cache
def calls_of(module: str) -> tuple[Call, ...]:
    """Every call that this handler can come to; routes are handlers of the `api`."""
    graph = call_graph()
    roots = list(graph.module(module).functions.values())
    if module == "functions.api":
        for routes in graph.modules("certification.http.routes"):
            roots += routes.functions.values()
    return tuple(graph.calls_from(roots))


def needed(logical_id: str) -> set[Permission]:
    """What the code of this function calls. A function for one CRM is given only that CRM's secret and queue."""
    function = resources("AWS::Serverless::Function")[logical_id]["Properties"]
    calls = calls_of(function_name(logical_id))
    reached = list(dict.fromkeys(call.callee for call in calls))
    found = {*_of_table(reached), *_of_clients(reached), *_of_secrets(calls), *_of_queues(reached)}
    crm = function.get("Environment", {}).get("Variables", {}).get("CRM")
    return {_for_crm(each, crm) for each in found if not _of_another_crm(each, crm)} if crm else found


def _for_crm(permission: Permission, crm: str) -> Permission:
    return permission._replace(
        resource=permission.resource.replace("parameter/crm/*", f"parameter/crm/{crm}")
    )


def _of_another_crm(permission: Permission, crm: str) -> bool:
    queues = {"HubspotQueue", "SalesforceQueue"} - {f"{crm.capitalize()}Queue"}
    return permission.resource in queues


def _of_table(reached: Iterable[Function]) -> Iterator[Permission]:
    ours = [f for f in reached if f.module.name.startswith("certification.adapters.dynamodb.")]
    ours = [f for f in ours if not f.name.startswith(OWN_ADAPTERS)]
    for function in ours:
        for node in ast.walk(function.node):
            match node:
                case ast.Call(func=ast.Name(id="Query"), keywords=keywords):
                    index = next((ast.literal_eval(k.value) for k in keywords if k.arg == "index"), None)
                    yield Permission("dynamodb:Query", f"Table/index/{index}" if index else "Table")
                case ast.Call(func=ast.Name(id=name)) if name in WRITES:
                    yield Permission(f"dynamodb:{WRITES[name]}", "Table")
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="_table"), attr=name)) if (
                    name in TABLE_CALLS
                ):
                    yield Permission(f"dynamodb:{TABLE_CALLS[name]}", "Table")
                case ast.Call(func=ast.Attribute(attr="write_each")):
                    for write in _constructed_from(function):
                        yield Permission(f"dynamodb:{STATEMENTS[write]}", "Table")


def _constructed_from(function: Function) -> set[str]:
    """The kinds of writes that a function makes, itself or through others of its module."""
    calls = [call.callee for call in call_graph().calls_from([function])]
    own = [function, *(each for each in calls if each.module is function.module)]
    names = {node.id for each in own for node in ast.walk(each.node) if isinstance(node, ast.Name)}
    return names & STATEMENTS.keys()


def _of_clients(reached: Iterable[Function]) -> Iterator[Permission]:
    """Calls of boto3's clients; one that is not listed here is an error, so that no call goes unseen."""
    for function in reached:
        if function.name.startswith(OWN_ADAPTERS):
            continue
        for node in ast.walk(function.node):
            match node:
                case ast.Attribute(value=ast.Attribute(attr="_client"), attr=operation):
                    module = function.module.name.rpartition(".")[2]
                    assert (module, operation) in OBJECTS, f"say in OBJECTS what {module}.{operation} needs"
                    yield from (Permission(*each.split()) for each in OBJECTS[module, operation])


def _of_secrets(calls: Iterable[Call]) -> Iterator[Permission]:
    for caller, callee in calls:
        if callee.module.name != "certification.adapters.secrets" or callee.node.name not in SECRET_CALLS:
            continue
        asking = caller.module.name.removeprefix("certification.")
        if asking != "adapters.secrets":
            for action in SECRET_CALLS[callee.node.name]:
                yield Permission(action, SECRETS[asking])


def _of_queues(reached: Iterable[Function]) -> Iterator[Permission]:
    """The queues whose address a part of the application takes from its settings."""
    settings = load_template()["Globals"]["Function"]["Environment"]["Variables"]
    for function in reached:
        if function.module.name != "certification.bootstrap":
            continue
        for node in ast.walk(function.node):
            match node:
                case ast.Attribute(value=ast.Attribute(attr="config"), attr=name) if name.endswith(
                    "_queue_url"
                ):
                    yield Permission("sqs:SendMessage", settings[name.upper()]["Ref"])


# ---- What the roles allow


def granted(logical_id: str) -> set[Permission]:
    """What the function's role allows it, without what Lambda itself does in its name (`given_to_lambda`)."""
    role = resources("AWS::Serverless::Function")[logical_id]["Properties"]["Role"]["Fn::GetAtt"][0]
    policies = resources("AWS::IAM::Role")[role]["Properties"]["Policies"]
    return {
        Permission(action, resource_name(resource))
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }


def given_to_lambda(logical_id: str) -> set[Permission]:
    """What the service needs in the function's name: logs, the event sources, and where failures go."""
    name = logical_id.removesuffix("Function")
    found = {Permission(f"logs:{each}", f"{name}LogGroup") for each in ("CreateLogStream", "PutLogEvents")}
    for source in resources("AWS::Lambda::EventSourceMapping").values():
        if source["Properties"]["FunctionName"] == {"Ref": f"{logical_id}.Alias"}:
            found |= _of_source(source["Properties"])
    config = resources("AWS::Serverless::Function")[logical_id]["Properties"].get("EventInvokeConfig", {})
    for destination in config.get("DestinationConfig", {}).values():
        found.add(Permission("sqs:SendMessage", resource_name(destination["Destination"])))
    return found


def _of_source(source: dict[str, Any]) -> set[Permission]:
    name = resource_name(source["EventSourceArn"])
    if name == "Table/stream":
        # ListStreams beside the others: AWSLambdaDynamoDBExecutionRole has the four.
        actions = {f"dynamodb:{each}" for each in ("DescribeStream", "GetRecords", "GetShardIterator")}
        actions |= {"dynamodb:ListStreams"}
    else:
        actions = {f"sqs:{each}Message" for each in ("Receive", "Delete")}
        actions |= {"sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes"}
    found = {Permission(action, name) for action in actions}
    if "DestinationConfig" in source:  # a bucket: Lambda looks at it, and chooses the prefix
        found |= {Permission("s3:PutObject", "IntakeBucket/aws/lambda/*")}
        found |= {Permission("s3:ListBucket", "IntakeBucket")}
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def resource_name(resource: Any) -> str:
    """`!Sub ${Table.Arn}/index/due` is `Table/index/due`."""
    match resource:
        case {"Fn::GetAtt": ["Table", "StreamArn"]}:
            return "Table/stream"
        case {"Fn::GetAtt": [name, _]} | {"Ref": name}:
            return str(name)
        case {"Fn::Sub": text}:
            _, of_parameter, rest = text.partition(":parameter/${AWS::StackName}/")
            return f"parameter/{rest}" if of_parameter else text.replace("${", "").replace(".Arn}", "")
    raise AssertionError(f"a resource that is not of this stack: {resource}")
