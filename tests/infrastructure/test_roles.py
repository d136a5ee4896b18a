"""Each function's role: one each, exactly what its code calls, nothing by wildcard.

`make e2e` runs with the roles enforced; these tests tell also what is allowed and never used.
"""

from __future__ import annotations

from typing import Any

import pytest

from call_graph import call_graph
from permissions import Permission, calls_of, given_to_lambda, granted, listed, needed
from template import load_template, resources

FUNCTIONS = resources("AWS::Serverless::Function")
HANDLERS = sorted({each["Properties"]["CodeUri"].replace("/", ".") for each in FUNCTIONS.values()})
ROLES = resources("AWS::IAM::Role")
STATEMENTS = [
    pytest.param(statement, id=f"{role}-{statement['Sid']}")
    for role, resource in sorted(ROLES.items())
    for policy in resource["Properties"]["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]
]


def statements_of(role: str) -> list[dict[str, Any]]:
    policies = ROLES[role]["Properties"]["Policies"]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def actions_on(role: str, service: str) -> set[str]:
    return {
        action
        for statement in statements_of(role)
        for action in listed(statement["Action"])
        if action.startswith(service)
    }


def text_of(resource: Any) -> str:
    return str(resource["Fn::Sub"] if isinstance(resource, dict) and "Fn::Sub" in resource else resource)


def test_every_function_has_a_role_of_its_own() -> None:
    roles = [each["Properties"]["Role"]["Fn::GetAtt"][0] for each in FUNCTIONS.values()]
    assert len(set(roles)) == len(FUNCTIONS)


def test_no_role_takes_a_managed_policy() -> None:
    """AWSLambdaBasicExecutionRole and its kin allow logging anywhere."""
    assert all("ManagedPolicyArns" not in role["Properties"] for role in ROLES.values())


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_role_allows_what_its_function_calls_and_nothing_more(function: str) -> None:
    allowed = {each for each in granted(function) if each.action != "sqs:SendMessageBatch"}
    wanted = needed(function) | given_to_lambda(function)
    assert {"missing": wanted - allowed, "unused": allowed - wanted} == {"missing": set(), "unused": set()}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_the_emulators_name_for_sending_is_allowed_exactly_where_sending_is(function: str) -> None:
    allowed = granted(function)
    sending = {each.resource for each in allowed if each.action == "sqs:SendMessage"}
    assert {each.resource for each in allowed if each.action == "sqs:SendMessageBatch"} == sending


@pytest.mark.parametrize(
    ("function", "permission"),
    [
        ("LmsWebhookFunction", Permission("sqs:SendMessage", "CourseCompletionQueue")),
        ("AwardFunction", Permission("dynamodb:PartiQLInsert", "Table")),
        ("ExpiryFunction", Permission("dynamodb:Query", "Table/index/due")),
        ("CompletionStreamFunction", Permission("events:PutEvents", "EventBus")),
        ("CompletionStreamFunction", Permission("ssm:PutParameter", "parameter/completion-id-key")),
        ("HubspotSyncFunction", Permission("ssm:GetParameter", "parameter/crm/hubspot")),
        ("ApiFunction", Permission("secretsmanager:GetSecretValue", "AdminKeySecret")),
    ],
)
def test_the_reading_of_the_code_finds_what_is_known_to_be_called(
    function: str, permission: Permission
) -> None:
    assert permission in needed(function)


def test_the_reading_of_the_code_misses_no_adapter_that_some_function_uses() -> None:
    """Whatever speaks to AWS is reached from some handler: what is not is dead, or the reading is blind."""
    reached = {call.callee for name in HANDLERS for call in calls_of(name)}
    speaking = [
        method
        for module in call_graph().modules("certification.adapters.dynamodb")
        for owner in module.classes.values()
        if owner.node.name.startswith("DynamoDB")
        for method in owner.methods.values()
        if not method.node.name.startswith("__")
    ]
    assert sorted(method.name for method in speaking if method not in reached) == []


@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_allows_by_wildcard(statement: dict[str, Any]) -> None:
    assert statement["Effect"] == "Allow"
    assert not [action for action in listed(statement["Action"]) if "*" in action]
    for resource in listed(statement["Resource"]):
        text = text_of(resource)
        # Objects of one bucket and parameters of one kind have no other name than a prefix.
        assert "*" not in text or text.endswith(
            ("/raw/*", "/kept/*", "/imports/*", "/exports/*", "/aws/lambda/*", "/sources/*", "/crm/*")
        ), text


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_logs_into_its_own_group_only(function: str) -> None:
    name = function.removesuffix("Function")
    [statement] = [
        each for each in statements_of(f"{name}Role") if "logs:PutLogEvents" in listed(each["Action"])
    ]
    assert statement["Resource"] == {"Fn::GetAtt": [f"{name}LogGroup", "Arn"]}
    assert set(listed(statement["Action"])) == {"logs:CreateLogStream", "logs:PutLogEvents"}


@pytest.mark.parametrize(("crm", "other"), [("hubspot", "salesforce"), ("salesforce", "hubspot")])
def test_a_crm_sync_reads_its_own_secret_and_rings_its_own_bell(crm: str, other: str) -> None:
    text = str(statements_of(f"{crm.capitalize()}SyncRole")).lower()
    assert f"/crm/{crm}" in text
    assert other not in text


def test_only_the_api_reads_the_admin_key_and_writes_secrets() -> None:
    readers = {name for name in ROLES if actions_on(name, "secretsmanager:")}
    writers = {name for name in ROLES if "ssm:DeleteParameter" in actions_on(name, "ssm:")}
    assert readers == writers == {"ApiRole"}


def test_a_webhook_cannot_read_completions() -> None:
    assert (
        actions_on("LmsWebhookRole", "dynamodb:") & {"dynamodb:Query", "dynamodb:Scan", "dynamodb:DeleteItem"}
        == set()
    )


def test_nobody_scans_or_changes_the_table_itself() -> None:
    every = set().union(*(actions_on(name, "dynamodb:") for name in ROLES))
    assert (
        every
        & {
            "dynamodb:Scan",
            "dynamodb:DeleteTable",
            "dynamodb:UpdateTable",
            "dynamodb:RestoreTableToPointInTime",
        }
        == set()
    )


@pytest.mark.parametrize("source", sorted(resources("AWS::Lambda::EventSourceMapping")))
def test_a_consumer_may_read_what_it_is_fed_from(source: str) -> None:
    properties = resources("AWS::Lambda::EventSourceMapping")[source]["Properties"]
    function = properties["FunctionName"]["Ref"].removesuffix(".Alias")
    role = FUNCTIONS[function]["Properties"]["Role"]["Fn::GetAtt"][0]
    readable = [
        resource
        for statement in statements_of(role)
        if {"sqs:ReceiveMessage", "dynamodb:GetRecords"} & set(listed(statement["Action"]))
        for resource in listed(statement["Resource"])
    ]
    assert properties["EventSourceArn"] in readable


def test_the_gateway_may_call_each_function_only_through_its_routes() -> None:
    for name, permission in resources("AWS::Lambda::Permission").items():
        properties = permission["Properties"]
        assert properties["Principal"] == "apigateway.amazonaws.com", name
        assert "${HttpApi}/*/" in properties["SourceArn"]["Fn::Sub"], name


def test_what_only_the_embedded_cloud_needs_exists_only_there() -> None:
    for name, policy in resources("AWS::IAM::Policy").items():
        assert policy["Condition"] == "IsEmulated", name
    batching = {
        FUNCTIONS[name]["Properties"]["Role"]["Fn::GetAtt"][0]
        for name in FUNCTIONS
        if any(each.action.startswith("dynamodb:PartiQL") for each in granted(name))
    }
    [statements] = resources("AWS::IAM::Policy").values()
    assert {each["Ref"] for each in statements["Properties"]["Roles"]} == batching
    assert load_template()["Conditions"]["IsEmulated"] == {"Fn::Equals": [{"Ref": "Stage"}, "local"]}
