"""The template keeps its promises: dead letters, time-outs, retention, backups, alarms with their entries."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from certification.adapters import aws
from template import ROOT, load_template, resources

QUEUES = resources("AWS::SQS::Queue")
FUNCTIONS = resources("AWS::Serverless::Function")
ALARMS = resources("AWS::CloudWatch::Alarm")
SOURCES = resources("AWS::Lambda::EventSourceMapping")
LOG_GROUPS = resources("AWS::Logs::LogGroup")
CONSUMED = sorted(name for name in QUEUES if not name.endswith("DeadLetters"))
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def properties(resource: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resource["Properties"]
    return found


def source_of(queue: str) -> dict[str, Any]:
    [source] = [
        each
        for each in SOURCES.values()
        if properties(each)["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    ]
    return properties(source)


def consumer_of(queue: str) -> dict[str, Any]:
    function = source_of(queue)["FunctionName"]["Ref"].removesuffix(".Alias")
    return properties(FUNCTIONS[function])


@pytest.mark.parametrize("queue", CONSUMED)
def test_every_queue_has_dead_letters_that_outlive_it(queue: str) -> None:
    redrive = properties(QUEUES[queue])["RedrivePolicy"]
    dead_letters = properties(QUEUES[redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]])
    assert 3 <= redrive["maxReceiveCount"] <= 10
    assert dead_letters["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert properties(QUEUES[queue])["MessageRetentionPeriod"] < dead_letters["MessageRetentionPeriod"]
    assert dead_letters.get("FifoQueue") == properties(QUEUES[queue]).get("FifoQueue")


@pytest.mark.parametrize("queue", CONSUMED)
def test_a_message_stays_hidden_for_six_time_outs_of_its_consumer(queue: str) -> None:
    source, consumer = source_of(queue), consumer_of(queue)
    window = source.get("MaximumBatchingWindowInSeconds", 0)
    assert properties(QUEUES[queue])["VisibilityTimeout"] >= 6 * consumer["Timeout"] + window


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_outlasts_a_call_of_its_own_that_hangs(function: str) -> None:
    """So that it can say what failed, and the neighbours in its batch are not given back with it."""
    most_waits = sum(2**retry for retry in range(aws.ATTEMPTS - 1))
    longest = aws.ATTEMPTS * (aws.CONNECT_SECONDS + aws.READ_SECONDS) + most_waits
    assert longest < properties(FUNCTIONS[function])["Timeout"]


@pytest.mark.parametrize(
    ("integration", "function"),
    [("ApiIntegration", "ApiFunction"), ("WebhookIntegration", "LmsWebhookFunction")],
)
def test_the_gateway_waits_for_a_function_to_end(integration: str, function: str) -> None:
    waits = properties(resources("AWS::ApiGatewayV2::Integration")[integration])["TimeoutInMillis"]
    assert 1000 * properties(FUNCTIONS[function])["Timeout"] < waits <= 30_000


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_every_queue_is_encrypted(queue: str) -> None:
    assert properties(QUEUES[queue])["SqsManagedSseEnabled"] is True


def test_every_batch_reports_its_failures_one_by_one() -> None:
    """A bell carries nothing: the two drains are called for the whole batch or not at all."""
    bells = {"HubspotSource", "SalesforceSource"}
    partial = {
        name
        for name, each in SOURCES.items()
        if "ReportBatchItemFailures" in properties(each).get("FunctionResponseTypes", [])
    }
    assert partial | bells == set(SOURCES)


@pytest.mark.parametrize("crm", ["Hubspot", "Salesforce"])
def test_a_doorbell_is_one_ordered_queue(crm: str) -> None:
    assert properties(QUEUES[f"{crm}Queue"])["FifoQueue"] is True
    bell = properties(resources("AWS::Scheduler::Schedule")[f"{crm}Bell"])
    assert bell["ScheduleExpression"] == "rate(1 minute)"
    assert json.loads(bell["Target"]["Input"])["kind"] == "bell"


@pytest.mark.parametrize("crm", ["Hubspot", "Salesforce"])
def test_whatever_is_sent_to_a_doorbell_goes_into_one_message_group(crm: str) -> None:
    """Two groups would let two drains run at once (ADR: outbox and doorbell)."""
    groups = {
        properties(each)["Target"]["SqsParameters"]["MessageGroupId"]
        for each in resources("AWS::Scheduler::Schedule").values()
        if properties(each)["Target"]["Arn"] == {"Fn::GetAtt": [f"{crm}Queue", "Arn"]}
    }
    assert groups == {"bell"}


def test_stream_keeps_what_it_gives_up_on_and_blocks_nothing() -> None:
    stream = properties(SOURCES["StreamSource"])
    assert stream["DestinationConfig"] == {
        "OnFailure": {"Destination": {"Fn::GetAtt": ["IntakeBucket", "Arn"]}}
    }
    assert stream["BisectBatchOnFunctionError"] is True
    assert 0 < stream["MaximumRetryAttempts"] <= 20


def test_every_schedule_has_dead_letters_and_a_zone_or_a_rate() -> None:
    for name, each in resources("AWS::Scheduler::Schedule").items():
        schedule = properties(each)
        assert schedule["Target"]["DeadLetterConfig"] == {
            "Arn": {"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}
        }, name
        if schedule["ScheduleExpression"].startswith("cron"):
            assert schedule["ScheduleExpressionTimezone"] == {"Ref": "TimeZone"}, name


def test_daily_work_runs_at_an_hour_that_no_clock_change_skips() -> None:
    hours = [
        int(properties(each)["ScheduleExpression"].removeprefix("cron(").split()[1])
        for each in resources("AWS::Scheduler::Schedule").values()
        if properties(each)["ScheduleExpression"].startswith("cron")
    ]
    assert hours
    assert all(4 <= hour <= 22 for hour in hours)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_logs_into_a_group_with_retention(function: str) -> None:
    name = properties(FUNCTIONS[function])["FunctionName"]["Fn::Sub"]
    groups = [properties(each) for each in LOG_GROUPS.values()]
    [group] = [each for each in groups if each["LogGroupName"] == {"Fn::Sub": f"/aws/lambda/{name}"}]
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_access_log_names_the_route_and_never_the_path() -> None:
    """A webhook's path may carry its secret."""
    log = properties(resources("AWS::ApiGatewayV2::Stage")["HttpApiStage"])["AccessLogSettings"]["Format"]
    assert "$context.routeKey" in log
    assert not re.search(r"\$context\.(path|identity|http\.path)", log)


def test_table_can_be_restored_and_is_not_deleted_with_the_stack() -> None:
    table = resources("AWS::DynamoDB::Table")["Table"]
    assert table["DeletionPolicy"] == table["UpdateReplacePolicy"] == "Retain"
    assert properties(table)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties(table)["DeletionProtectionEnabled"] == {"Fn::If": ["Protected", True, False]}
    assert properties(table)["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert properties(table)["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_production_is_protected_and_shifts_traffic_slowly() -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    production = config["prod"]["deploy"]["parameters"]
    given = dict(pair.split("=", 1) for pair in production["parameter_overrides"])
    assert given["DeletionProtection"] == given["GradualDeployment"] == "true"
    assert production["confirm_changeset"] is True


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_layers_are_built_for_what_is_deployed(environment: str) -> None:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())[environment]
    built = set(config["build"]["parameters"]["parameter_overrides"])
    assert built <= set(config["deploy"]["parameters"]["parameter_overrides"])


def test_intake_bucket_is_closed_and_forgets() -> None:
    bucket = resources("AWS::S3::Bucket")["IntakeBucket"]
    assert bucket["DeletionPolicy"] == "Retain"
    assert set(properties(bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    days = {
        rule["Prefix"]: rule["ExpirationInDays"]
        for rule in properties(bucket)["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in rule
    }
    assert days["raw/"] == 30


def test_functions_get_every_setting_that_config_reads() -> None:
    read = set(
        re.findall(r'"([A-Z][A-Z_]+)"', (ROOT / "layers/certification/certification/config.py").read_text())
    )
    everywhere = set(load_template()["Globals"]["Function"]["Environment"]["Variables"])
    assert read - {"UTC"} - everywhere == {"CRM"}
    for crm in ("hubspot", "salesforce"):
        own = properties(FUNCTIONS[f"{crm.capitalize()}SyncFunction"])["Environment"]["Variables"]
        assert own == {"CRM": crm}


def test_concurrency_is_reserved_only_where_told_and_only_for_who_answers_people() -> None:
    """A new account has 10 to share; reserving any would fail the deployment there."""
    template = load_template()
    assert template["Parameters"]["ReservedApiConcurrency"]["Default"] == 0
    reserved = {"Fn::If": ["ReservesConcurrency", {"Ref": "ReservedApiConcurrency"}, {"Ref": "AWS::NoValue"}]}
    told = {
        name: properties(each)["ReservedConcurrentExecutions"]
        for name, each in FUNCTIONS.items()
        if "ReservedConcurrentExecutions" in properties(each)
    }
    assert told == {"ApiFunction": reserved, "LmsWebhookFunction": reserved}


@pytest.mark.parametrize("queue", ["CourseCompletionQueue", "EvaluationQueue", "TransitionQueue"])
def test_no_queue_may_take_all_of_the_accounts_concurrency(queue: str) -> None:
    assert source_of(queue)["ScalingConfig"]["MaximumConcurrency"]


def test_a_gradual_deployment_goes_back_when_anything_fails() -> None:
    """Also what is no failed invocation: a 500, a message that is given back."""
    preference = load_template()["Globals"]["Function"]["DeploymentPreference"]
    watched = {each["Ref"] for each in preference["Alarms"]}
    assert watched == {
        *(function.removesuffix("Function") + "Errors" for function in FUNCTIONS),
        "RequestsFailing",
        "MessagesFailing",
    }
    assert len(watched) <= 10, "CodeDeploy takes no more alarms"


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_caller_goes_through_the_alias_that_a_deployment_shifts(function: str) -> None:
    assert load_template()["Globals"]["Function"]["AutoPublishAlias"] == "live"
    assert properties(FUNCTIONS[function])["AutoPublishAliasAllProperties"] is True
    callers = {
        name: text
        for kind in (
            "AWS::ApiGatewayV2::Integration",
            "AWS::Lambda::EventSourceMapping",
            "AWS::Lambda::Permission",
            "AWS::Scheduler::Schedule",
        )
        for name, each in resources(kind).items()
        if f"'{function}" in (text := str(properties(each)))
    }
    assert callers
    assert [name for name, text in callers.items() if f"'{function}.Alias'" not in text] == []


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_may_call_itself_only_where_it_continues_its_own_work(function: str) -> None:
    allowed = {
        "AwardFunction",
        "ExpiryFunction",
        "CompletionStreamFunction",
        "HubspotSyncFunction",
        "SalesforceSyncFunction",
    }
    assert (properties(FUNCTIONS[function]).get("RecursiveLoop") == "Allow") == (function in allowed)


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_every_alarm_tells_somebody_and_has_its_entry_in_the_runbook(alarm: str) -> None:
    description = properties(ALARMS[alarm])["AlarmDescription"]
    text = description["Fn::Sub"] if isinstance(description, dict) else description
    anchor = re.search(r"docs/runbook\.md#([a-z-]+)", text)
    assert anchor, "an alarm's description ends with its entry in the runbook"
    headings = {
        line[3:].strip().lower().replace(" ", "-") for line in RUNBOOK.splitlines() if line.startswith("## ")
    }
    assert anchor[1] in headings
    assert properties(ALARMS[alarm])["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    assert properties(ALARMS[alarm])["TreatMissingData"] in {"notBreaching", "breaching"}


def test_no_two_alarms_tell_the_same() -> None:
    watched = [
        json.dumps([alarm[name] for name in ("Namespace", "MetricName", "Dimensions")], sort_keys=True)
        for alarm in map(properties, ALARMS.values())
    ]
    assert len(set(watched)) == len(watched)


def test_operations_describe_every_setting_and_count_the_alarms() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    settings = set(load_template()["Parameters"]) - {"Stage", "ServiceVersion", "EmulatorApiId"}
    assert {name for name in settings if f"`{name}`" not in text} == set()
    assert f"{len(ALARMS)} alarms at" in text


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_every_function_has_alarms_for_errors_and_throttles(function: str) -> None:
    for kind in ("Errors", "Throttles"):
        dimension = properties(ALARMS[function.removesuffix("Function") + kind])["Dimensions"]
        assert dimension == [{"Name": "FunctionName", "Value": {"Ref": {"Fn::Sub": function}}}]


@pytest.mark.parametrize("queue", sorted(QUEUES))
def test_every_queue_has_its_alarm(queue: str) -> None:
    alarm = queue + "Filled" if queue.endswith("DeadLetters") else queue.removesuffix("Queue") + "Backlog"
    assert properties(ALARMS[alarm])["Namespace"] == "AWS/SQS"


def test_dashboard_is_json_once_its_names_are_filled_in() -> None:
    body = properties(resources("AWS::CloudWatch::Dashboard")["Dashboard"])["DashboardBody"]["Fn::Sub"]
    assert json.loads(body)["widgets"]


def test_stream_passes_on_only_sort_keys_that_exist() -> None:
    [pattern] = properties(SOURCES["StreamSource"])["FilterCriteria"]["Filters"]
    wanted = json.loads(pattern["Pattern"])["dynamodb"]["Keys"]["sk"]["S"]
    spelled = (ROOT / "layers/certification/certification/adapters/dynamodb/keys.py").read_text()
    for word in (each["prefix"] if isinstance(each, dict) else each for each in wanted):
        assert f'"{word}"' in spelled, word
    assert not [word for word in wanted if str(word).startswith(("COURSE#", "SYNC#", "RETRACTION#"))]
