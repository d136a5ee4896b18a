"""The composition root: which adapter stands behind which port. One `App` for each execution environment.

Every part is made when it is first asked for, and imports what it needs then: a worker pays for what it uses.
Tests give their own parts: `App(config, table=InMemoryTable(), clock=FixedClock(…))`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from certification.config import Config, read_config

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from certification.adapters.completion_ids import CompletionIds
    from certification.adapters.dynamodb.api_keys import DynamoDBApiKeys
    from certification.adapters.dynamodb.certified import DynamoDBCertified
    from certification.adapters.dynamodb.completion_lists import DynamoDBCompletionLists
    from certification.adapters.dynamodb.connections import DynamoDBConnections
    from certification.adapters.dynamodb.definitions import DynamoDBDefinitions
    from certification.adapters.dynamodb.directory import DynamoDBDirectory
    from certification.adapters.dynamodb.drift import DynamoDBCrmReconciliations
    from certification.adapters.dynamodb.evaluations import DynamoDBEvaluations
    from certification.adapters.dynamodb.exports import DynamoDBExports
    from certification.adapters.dynamodb.history import DynamoDBHistory
    from certification.adapters.dynamodb.holder_lists import DynamoDBHolderLists
    from certification.adapters.dynamodb.imports import DynamoDBImports
    from certification.adapters.dynamodb.ledger import DynamoDBLedger
    from certification.adapters.dynamodb.parked import DynamoDBParking
    from certification.adapters.dynamodb.receipts import DynamoDBReceipts
    from certification.adapters.dynamodb.reconciliations import DynamoDBReconciliations
    from certification.adapters.dynamodb.sources import DynamoDBSources
    from certification.adapters.dynamodb.sync import DynamoDBOutbox
    from certification.adapters.dynamodb.table import Table
    from certification.adapters.dynamodb.transitions import DynamoDBTransitions
    from certification.domain.crm_gateway import Gateways
    from certification.domain.exports import ExportFiles
    from certification.domain.imports import ImportFiles
    from certification.domain.lms_ports import Intake, SecretKeeper
    from certification.domain.ports import Clock, EventBus, Queue, Secrets
    from certification.domain.webhooks import Providers
    from certification.services.authentication import Authenticator, TokenReader
    from certification.services.awards import HandAwards
    from certification.services.course_completion_intake import CourseCompletionIntake
    from certification.services.crm_drain import CrmDrain
    from certification.services.date_changes import DateChanges
    from certification.services.decisions_by_hand import DecisionsByHand
    from certification.services.definitions import CertificationDefinitions
    from certification.services.directory import Courses, Organizations, Users
    from certification.services.evaluate_users import UserEvaluator
    from certification.services.evaluation_messages import Counts, Handle, Message, TimeLeft
    from certification.services.evaluation_runs import EvaluationRunner
    from certification.services.expiry import ExpirySweep
    from certification.services.export_jobs import ExportJobs
    from certification.services.follow_changes import Followed
    from certification.services.hops import Hops
    from certification.services.import_jobs import ImportJobs
    from certification.services.outside_courses import OutsideCourses
    from certification.services.progress import ProgressReader
    from certification.services.reconciliation import Reconciler
    from certification.services.record_course_completions import CourseCompletionRecorder
    from certification.services.reminder_rearming import ReminderRearming
    from certification.services.replay import Replayer
    from certification.services.revocations import Revocations
    from certification.services.sources import SourceSetup
    from certification.services.webhooks import WebhookReceiver

THREADS = 8


class App:
    """All parts by name. `parts` replaces any of them."""

    def __init__(self, config: Config, **parts: Any) -> None:
        self.config = config
        for name, part in parts.items():
            if not hasattr(type(self), name):
                raise TypeError(f"the application has no part {name!r}")
            self.__dict__[name] = part

    @cached_property
    def clock(self) -> Clock:
        from certification.adapters.clock import SystemClock

        return SystemClock()

    @cached_property
    def table(self) -> Table:
        from certification.adapters.dynamodb.client_table import ClientTable

        return ClientTable(self.client("dynamodb"), self.config.table_name)

    @cached_property
    def ledger(self) -> DynamoDBLedger:
        from certification.adapters.dynamodb.ledger import DynamoDBLedger

        return DynamoDBLedger(self.table)

    @cached_property
    def definitions(self) -> DynamoDBDefinitions:
        from certification.adapters.dynamodb.definitions import DynamoDBDefinitions

        return DynamoDBDefinitions(self.table)

    @cached_property
    def directory(self) -> DynamoDBDirectory:
        from certification.adapters.dynamodb.directory import DynamoDBDirectory

        return DynamoDBDirectory(self.table)

    @cached_property
    def courses(self) -> Courses:
        from certification.services.directory import Courses

        return Courses(self.directory, self.definitions)

    @cached_property
    def organizations(self) -> Organizations:
        from certification.services.directory import Organizations

        return Organizations(self.directory, self.ledger)

    @cached_property
    def users(self) -> Users:
        from certification.services.directory import Users

        return Users(self.directory, self.ledger)

    @cached_property
    def parking(self) -> DynamoDBParking:
        from certification.adapters.dynamodb.parked import DynamoDBParking

        return DynamoDBParking(self.table)

    @cached_property
    def sources(self) -> DynamoDBSources:
        from certification.adapters.dynamodb.sources import DynamoDBSources

        return DynamoDBSources(self.table)

    @cached_property
    def source_secrets(self) -> SecretKeeper:
        from certification.adapters.source_secrets import ParameterSecretKeeper, UncachedSecrets

        return ParameterSecretKeeper(UncachedSecrets(self.client("ssm"), self.config.parameter_prefix))

    @cached_property
    def providers(self) -> Providers:
        from certification.adapters.lms.registry import ProviderRegistry

        return ProviderRegistry()

    @cached_property
    def intake(self) -> Intake:
        from certification.adapters.intake import S3Intake

        return S3Intake(self.client("s3"), self.config.intake_bucket)

    @cached_property
    def source_setup(self) -> SourceSetup:
        from certification.services.sources import SourceSetup

        return SourceSetup(sources=self.sources, keeper=self.source_secrets, clock=self.clock)

    @cached_property
    def webhook_receiver(self) -> WebhookReceiver:
        from concurrent.futures import ThreadPoolExecutor
        from time import monotonic

        from certification.services.source_load import RefusalTally, SourceThrottle
        from certification.services.source_settings import SourceSettings
        from certification.services.webhooks import WebhookReceiver

        return WebhookReceiver(
            settings=SourceSettings(self.sources, self.source_secrets, monotonic),
            sources=self.sources,
            providers=self.providers,
            queue=self.course_completion_queue,
            intake=self.intake,
            clock=self.clock,
            zone=self.config.zone,
            executor=ThreadPoolExecutor(1),
            throttle=SourceThrottle(self.config.source_webhooks_per_second, monotonic),
            refusals=RefusalTally(monotonic),
        )

    @cached_property
    def replayer(self) -> Replayer:
        from certification.services.replay import Replayer

        return Replayer(
            sources=self.sources,
            providers=self.providers,
            intake=self.intake,
            replays=self.sources,
            queue=self.course_completion_queue,
            job_queue=self.evaluation_queue,
            clock=self.clock,
            zone=self.config.zone,
        )

    @cached_property
    def course_completion_intake(self) -> CourseCompletionIntake:
        from certification.services.course_completion_intake import CourseCompletionIntake

        return CourseCompletionIntake(
            queue=self.course_completion_queue, clock=self.clock, zone=self.config.zone
        )

    @cached_property
    def imports(self) -> DynamoDBImports:
        from certification.adapters.dynamodb.imports import DynamoDBImports

        return DynamoDBImports(self.table)

    @cached_property
    def import_files(self) -> ImportFiles:
        from certification.adapters.import_files import S3ImportFiles

        return S3ImportFiles(self.client("s3"), self.config.intake_bucket)

    @cached_property
    def import_jobs(self) -> ImportJobs:
        from certification.domain.imports import ImportKind
        from certification.services.certification_completion_import import CertificationCompletionImporter
        from certification.services.course_completion_import import CourseCompletionImporter
        from certification.services.import_jobs import ImportJobs, ImportParts

        clock, zone = self.clock, self.config.zone
        completions = CertificationCompletionImporter(
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            clock=clock,
            zone=zone,
        )
        courses = CourseCompletionImporter(queue=self.course_completion_queue, clock=clock, zone=zone)
        return ImportJobs(
            ImportParts(
                imports=self.imports,
                files=self.import_files,
                importers={
                    ImportKind.CERTIFICATION_COMPLETIONS: completions,
                    ImportKind.COURSE_COMPLETIONS: courses,
                },
                job_queue=self.evaluation_queue,
                clock=clock,
            )
        )

    @cached_property
    def exports(self) -> DynamoDBExports:
        from certification.adapters.dynamodb.exports import DynamoDBExports

        return DynamoDBExports(self.table)

    @cached_property
    def export_files(self) -> ExportFiles:
        from certification.adapters.export_files import S3ExportFiles

        return S3ExportFiles(self.client("s3"), self.config.intake_bucket)

    @cached_property
    def export_jobs(self) -> ExportJobs:
        from certification.services.export_jobs import ExportJobs, ExportParts

        return ExportJobs(
            ExportParts(
                exports=self.exports,
                files=self.export_files,
                lists=self.completion_lists,
                definitions=self.definitions,
                directory=self.directory,
                job_queue=self.evaluation_queue,
                public_id=self.completion_ids.id_of,
                clock=self.clock,
                zone=self.config.zone,
            )
        )

    @cached_property
    def secrets(self) -> Secrets:
        from certification.adapters.secrets import SsmSecrets

        return SsmSecrets(self.client("ssm"), self.config.parameter_prefix)

    @cached_property
    def completion_ids(self) -> CompletionIds:
        from certification.adapters.completion_ids import CompletionIds

        return CompletionIds(self.secrets)

    @cached_property
    def api_keys(self) -> DynamoDBApiKeys:
        from certification.adapters.dynamodb.api_keys import DynamoDBApiKeys

        return DynamoDBApiKeys(self.table)

    @cached_property
    def authenticator(self) -> Authenticator:
        from certification.services.authentication import Authenticator

        return Authenticator(
            keys=self.api_keys, first_key=self.first_key, clock=self.clock, tokens=self.token_reader
        )

    @cached_property
    def token_reader(self) -> TokenReader | None:
        """Only where the deployment names an issuer."""
        if not (self.config.oidc_issuer and self.config.oidc_audience):
            return None
        from time import monotonic

        from certification.adapters.oidc import OidcTokens

        return OidcTokens(self.config.oidc_issuer, self.config.oidc_audience, monotonic=monotonic)

    @cached_property
    def first_key(self) -> Callable[[], str]:
        """The stack's generated admin key, read when a caller first shows a key that is no other."""
        from certification.adapters.first_key import FirstKey

        return FirstKey(self.client("secretsmanager"), self.config.admin_key_secret_arn)

    @cached_property
    def certifications(self) -> CertificationDefinitions:
        from certification.services.definitions import CertificationDefinitions

        return CertificationDefinitions(self.definitions, self.directory, self.clock, self.config.zone)

    @cached_property
    def evaluations(self) -> DynamoDBEvaluations:
        from certification.adapters.dynamodb.evaluations import DynamoDBEvaluations

        return DynamoDBEvaluations(self.table)

    @cached_property
    def course_completion_recorder(self) -> CourseCompletionRecorder:
        from certification.services.record_course_completions import CourseCompletionRecorder

        return CourseCompletionRecorder(
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            parking=self.parking,
            evaluation_queue=self.evaluation_queue,
            clock=self.clock,
            zone=self.config.zone,
            threads=self.threads,
        )

    @cached_property
    def threads(self) -> Executor:
        """For work that mostly waits for the table, and of which nothing needs to wait for the rest."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(THREADS)

    @cached_property
    def user_evaluator(self) -> UserEvaluator:
        from certification.services.evaluate_users import UserEvaluator

        return UserEvaluator(
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            evaluation_queue=self.evaluation_queue,
            clock=self.clock,
            zone=self.config.zone,
        )

    @cached_property
    def evaluation_runner(self) -> EvaluationRunner:
        from certification.services.evaluation_runs import EvaluationRunner

        return EvaluationRunner(
            evaluations=self.evaluations,
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            evaluation_queue=self.evaluation_queue,
            clock=self.clock,
            zone=self.config.zone,
            threads=self.threads,
        )

    @cached_property
    def progress(self) -> ProgressReader:
        from certification.services.progress import ProgressReader

        return ProgressReader(
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            clock=self.clock,
            zone=self.config.zone,
        )

    @cached_property
    def reconciliations(self) -> DynamoDBReconciliations:
        from certification.adapters.dynamodb.reconciliations import DynamoDBReconciliations

        return DynamoDBReconciliations(self.table)

    @cached_property
    def reconciler(self) -> Reconciler:
        from certification.services.reconciliation import Reconciler

        return Reconciler(
            reconciliations=self.reconciliations,
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            holder_lists=self.holder_lists,
            parking=self.parking,
            evaluation_queue=self.evaluation_queue,
            course_completion_queue=self.course_completion_queue,
            clock=self.clock,
            zone=self.config.zone,
        )

    @cached_property
    def evaluation_handlers(self) -> dict[str, Handle]:
        """What each kind of message on the evaluations queue asks for."""
        return {
            "run": lambda m, left: self.evaluation_runner.advance(m["evaluation_id"], left),
            "evaluate": lambda m, _: self.user_evaluator.evaluate(
                m["user_id"], m["certification_id"], correlation_id=m.get("correlation_id", "")
            ),
            "reconcile": self._reconcile,
            "user_changed": lambda m, _: self.user_evaluator.evaluate_all(m["user_id"]),
            "release": lambda m, _: self._release(m),
            "release_course": self.outside_courses.release,
            "replay": lambda m, left: self.replayer.continue_replay(m["source_id"], m["replay_id"], left),
            "export": lambda m, left: self.export_jobs.advance(m["export_id"], left),
            "import": lambda m, left: self.import_jobs.advance(m["import_id"], left),
            "reminders_changed": self.reminder_rearming.rearm,
            "organization_changed": self.user_evaluator.evaluate_members,
        }

    @cached_property
    def outside_courses(self) -> OutsideCourses:
        from certification.services.outside_courses import OutsideCourses

        return OutsideCourses(
            ledger=self.ledger, queue=self.course_completion_queue, job_queue=self.evaluation_queue
        )

    def _reconcile(self, message: Message, time_left: TimeLeft) -> Counts:
        """The daily bell names no run: it begins one."""
        if "reconciliation_id" not in message:
            self.reconciler.start_daily()
            return {}
        run = self.reconciler.advance(message["reconciliation_id"], time_left)
        return {"AwardsDrifted": run.drifted} if run is not None and run.completed_at else {}

    def _release(self, message: Message) -> None:
        from certification.services.parked import named_user, release

        release(named_user(message), parking=self.parking, queue=self.course_completion_queue)

    @cached_property
    def receipts(self) -> DynamoDBReceipts:
        from certification.adapters.dynamodb.receipts import DynamoDBReceipts

        return DynamoDBReceipts(self.table)

    @cached_property
    def connections(self) -> DynamoDBConnections:
        from certification.adapters.dynamodb.connections import DynamoDBConnections

        return DynamoDBConnections(self.table)

    @cached_property
    def holder_lists(self) -> DynamoDBHolderLists:
        from certification.adapters.dynamodb.holder_lists import DynamoDBHolderLists

        return DynamoDBHolderLists(self.table)

    @cached_property
    def outbox(self) -> DynamoDBOutbox:
        from certification.adapters.dynamodb.sync import DynamoDBOutbox

        return DynamoDBOutbox(self.table)

    @cached_property
    def crm_reconciliations(self) -> DynamoDBCrmReconciliations:
        from certification.adapters.dynamodb.drift import DynamoDBCrmReconciliations

        return DynamoDBCrmReconciliations(self.table)

    @cached_property
    def crm_secrets(self) -> Secrets:
        """Read anew each time: a connection that was just changed must not be tried with what was before."""
        from certification.adapters.secrets import FRESH_SECONDS, SsmSecrets

        always_later = count(step=2 * FRESH_SECONDS).__next__
        return SsmSecrets(self.client("ssm"), self.config.parameter_prefix, monotonic=always_later)

    @cached_property
    def gateways(self) -> Gateways:
        from certification.adapters.crm_gateways import CrmGateways

        return CrmGateways(self.crm_secrets)

    @cached_property
    def crm_drain(self) -> CrmDrain:
        """The drain of this function's CRM."""
        import time

        from certification.services.crm_drain import CrmDrain, Surroundings

        around = Surroundings(
            pusher=self.gateways.open,
            public_id=self.completion_ids.id_of,
            public_url=self.config.public_url,
            zone=self.config.zone,
            sleep=time.sleep,
        )
        return CrmDrain(self, self.config.crm, around)

    @cached_property
    def certified(self) -> DynamoDBCertified:
        from certification.adapters.dynamodb.certified import DynamoDBCertified

        return DynamoDBCertified(self.table)

    @cached_property
    def completion_lists(self) -> DynamoDBCompletionLists:
        from certification.adapters.dynamodb.completion_lists import DynamoDBCompletionLists

        return DynamoDBCompletionLists(self.table, self.ledger)

    @cached_property
    def hand_awards(self) -> HandAwards:
        from certification.services.awards import HandAwards

        return HandAwards(
            ledger=self.ledger,
            definitions=self.definitions,
            directory=self.directory,
            clock=self.clock,
            zone=self.config.zone,
        )

    @cached_property
    def decisions_by_hand(self) -> DecisionsByHand:
        from certification.services.decisions_by_hand import DecisionsByHand

        return DecisionsByHand(
            ledger=self.ledger, definitions=self.definitions, clock=self.clock, zone=self.config.zone
        )

    @cached_property
    def revocations(self) -> Revocations:
        from certification.services.revocations import Revocations

        return Revocations(self.decisions_by_hand, self.definitions)

    @cached_property
    def date_changes(self) -> DateChanges:
        from certification.services.date_changes import DateChanges

        return DateChanges(self.decisions_by_hand)

    @cached_property
    def history(self) -> DynamoDBHistory:
        from certification.adapters.dynamodb.history import DynamoDBHistory

        return DynamoDBHistory(self.table)

    @cached_property
    def transitions(self) -> DynamoDBTransitions:
        from certification.adapters.dynamodb.transitions import DynamoDBTransitions

        return DynamoDBTransitions(self.table)

    @cached_property
    def reminder_rearming(self) -> ReminderRearming:
        from certification.services.reminder_rearming import ReminderRearming

        return ReminderRearming(
            transitions=self.transitions, definitions=self.definitions, queue=self.evaluation_queue
        )

    @cached_property
    def expiry_sweep(self) -> ExpirySweep:
        from certification.services.expiry import ExpirySweep

        return ExpirySweep(
            transitions=self.transitions,
            definitions=self.definitions,
            directory=self.directory,
            transition_queue=self.transition_queue,
            zone=self.config.zone,
        )

    @cached_property
    def event_bus(self) -> EventBus:
        from certification.adapters.events import EventBridgeBus

        return EventBridgeBus(self.client("events"), self.config.event_bus_name)

    @cached_property
    def follow_stream(self) -> Callable[[Sequence[Mapping[str, Any]]], Followed]:
        """Do what follows from records of the table's stream; again is harmless."""
        from certification.adapters.dynamodb.stream import read_change
        from certification.observability import follow as log_under
        from certification.services.follow_changes import correlation_ids, follow_changes

        def follow(records: Sequence[Mapping[str, Any]]) -> Followed:
            changes = [change for record in records if (change := read_change(record)) is not None]
            log_under(correlation_ids(changes))
            return follow_changes(self, changes, zone=self.config.zone, public_id=self.completion_ids.id_of)

        return follow

    @cached_property
    def course_completion_queue(self) -> Queue:
        return self._queue(self.config.course_completion_queue_url)

    @cached_property
    def evaluation_queue(self) -> Queue:
        from certification.services.hops import HopCountingQueue

        return HopCountingQueue(self._queue(self.config.evaluation_queue_url), self.hops)

    @cached_property
    def hops(self) -> Hops:
        from certification.services.hops import Hops

        return Hops()

    @cached_property
    def transition_queue(self) -> Queue:
        return self._queue(self.config.transition_queue_url)

    @cached_property
    def doorbells(self) -> dict[str, Queue]:
        """The bell of each CRM; one message group for each, the schedules' own, so that one drain runs at a time."""
        return {
            "hubspot": self._queue(self.config.hubspot_doorbell_queue_url, group="bell"),
            "salesforce": self._queue(self.config.salesforce_doorbell_queue_url, group="bell"),
        }

    def _queue(self, url: str, *, group: str = "") -> Queue:
        from certification.adapters.queues import SqsQueue

        return SqsQueue(self.client("sqs"), url, group=group)

    def client(self, service: str) -> Any:
        """A client with bounded waiting; each is made once."""
        from certification.adapters.aws import create_client

        return create_client(service)


@cache
def app() -> App:
    """The application of this execution environment."""
    return App(read_config())
