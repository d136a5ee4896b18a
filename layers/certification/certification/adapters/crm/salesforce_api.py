"""Salesforce's calls, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, quote_plus

from certification.adapters.crm.batches import WholeBatchRefusedError
from certification.adapters.crm.deadline import Deadline, Patience
from certification.adapters.crm.http import Answer, CrmHttp, Request
from certification.adapters.crm.salesforce_session import SalesforceSession
from certification.domain.connection import PauseReason
from certification.domain.crm_credentials import Credentials
from certification.domain.push import Fate, Pushed, PushFailedError

DEFAULT_VERSION = "v62.0"
TYPES = {"contact": "Contact", "account": "Account"}
_CREDENTIALS, _FORBIDDEN, _NOT_THERE, _GONE = 401, 403, 404, 410
_OF_A_RECORD = frozenset({400, 409, 413, 414, 422, 431})
_OF_THE_MAPPING = frozenset(
    {"INVALID_FIELD", "INVALID_TYPE", "NOT_FOUND", "MALFORMED_QUERY", "INVALID_QUERY_FILTER_OPERATOR"}
)
_LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "TXN_SECURITY_METERING_ERROR"})
_DOWN = frozenset({"SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "UNKNOWN_EXCEPTION"})
_FATES = {
    "ENTITY_IS_DELETED": Fate.DELETED,
    "NOT_FOUND": Fate.NOT_FOUND,
    "DUPLICATE_EXTERNAL_ID": Fate.AMBIGUOUS,
    "UNABLE_TO_LOCK_ROW": Fate.BUSY,
    **dict.fromkeys(_LIMITS | _DOWN, Fate.BUSY),
}
_NO_SUCH_ID = "INVALID_CROSS_REFERENCE_KEY"


class SalesforceApi:
    """One org. `version` is `62.0`, or `v62.0`."""

    def __init__(self, base_url: str, version: str, credentials: Credentials, patience: Patience) -> None:
        secret = credentials.get("client_secret", "")
        hidden = (secret, quote_plus(secret), credentials.get("private_key", ""))
        self.http = CrmHttp("Salesforce", patience, hidden=hidden)
        self._session = SalesforceSession(self.http, base_url, credentials)
        self.version = f"v{version.lstrip('vV')}" if version else DEFAULT_VERSION

    def org_id(self, deadline: Deadline) -> str:
        """Fetches a token, if there is none; empty where Salesforce does not say."""
        return self._session.token(deadline).org_id

    def require_version(self, deadline: Deadline) -> None:
        """What is not there may be the API itself."""
        answer = self._call("GET", "", deadline)
        if answer.status in {_NOT_THERE, _GONE}:
            message = f"there is no API {self.version} at this base URL, or not any more"
            raise self.http.failed(PauseReason.MAPPING, message)
        self._understood(answer)

    def describe(self, object_type: str, deadline: Deadline) -> Mapping[str, Any] | None:
        """Salesforce's description of an object; None where this user may not see that it exists."""
        answer = self._call("GET", f"/sobjects/{object_type}/describe", deadline)
        if answer.status == _NOT_THERE:
            return None
        shape = self._shape(self._understood(answer))
        self.http.listed(shape.get("fields"), "name")
        return shape

    def query(self, soql: str, deadline: Deadline) -> list[Mapping[str, Any]]:
        """All records of the answer, on however many pages."""
        path = f"/query?q={quote(soql)}"
        found: list[Mapping[str, Any]] = []
        while path:
            content = self._shape(self._understood(self._call("GET", path, deadline)))
            found += self.http.listed(content.get("records"), "Id")
            following = "" if content.get("done", True) else str(content.get("nextRecordsUrl") or "")
            path = following.partition(f"/{self.version}")[2]
        return found

    def retrieve(
        self, object_type: str, ids: Sequence[str], fields: Sequence[str], deadline: Deadline
    ) -> list[Mapping[str, Any]]:
        """The records that exist: Salesforce says null for each of the others."""
        body = {"ids": list(ids), "fields": list(fields)}
        answer = self._call("POST", f"/composite/sobjects/{object_type}", deadline, body=body)
        content = self._understood(answer).content
        if not isinstance(content, list) or len(content) != len(ids):
            message = "Salesforce's answer has not one entry for each record"
            raise self.http.failed(PauseReason.UNAVAILABLE, message)
        return self.http.listed([shape for shape in content if shape is not None], "Id")

    def write(
        self, object_type: str, records: Sequence[Mapping[str, Any]], deadline: Deadline, *, by: str = ""
    ) -> tuple[list[Mapping[str, Any]], str]:
        """Results in the order of the records, and the correlation id; an upsert where `by` names a field.

        `WholeBatchRefusedError` where one record spoils it for all.
        """
        path = f"/composite/sobjects/{object_type}/{by}" if by else "/composite/sobjects"
        typed = [{"attributes": {"type": object_type}, **record} for record in records]
        answer = self._call("PATCH", path, deadline, body={"allOrNone": False, "records": typed}, writes=True)
        if not answer.ok:
            self._raise_for_all(answer, writes=True)
            raise WholeBatchRefusedError(self.refusal(errors_of(answer.content), answer.correlation_id))
        results = answer.content
        if not isinstance(results, list) or len(results) != len(records):
            message = "Salesforce's answer has not one result for each record"
            raise self.http.failed(PauseReason.UNAVAILABLE, message, unknown=True)
        return self.http.listed(results, "success", unknown=True), answer.correlation_id

    def refusal(self, errors: Sequence[Mapping[str, Any]], correlation_id: str = "") -> Pushed:
        """What the errors of one record say."""
        error = errors[0] if errors else {}
        code = str(error.get("statusCode") or error.get("errorCode") or "")
        fate = _FATES.get(code, Fate.REFUSED)
        # With fields it speaks of what a field refers to, without of the record itself.
        if code == _NO_SUCH_ID and not error.get("fields"):
            fate = Fate.NOT_FOUND
        said = "; ".join(str(each.get("message") or "") for each in errors)
        return Pushed(
            fate=fate,
            code=code,
            message=self.http.words(said or "Salesforce refused it and did not say why."),
            correlation_id=correlation_id,
        )

    def _understood(self, answer: Answer) -> Answer:
        if answer.ok:
            return answer
        self._raise_for_all(answer)
        raise self._failed(PauseReason.MAPPING, answer)

    def _shape(self, answer: Answer) -> Mapping[str, Any]:
        if isinstance(answer.content, dict):
            return answer.content
        raise self.http.failed(PauseReason.UNAVAILABLE, "Salesforce's answer is not what it describes")

    def _raise_for_all(self, answer: Answer, *, writes: bool = False) -> None:
        """Refusals that no record is to blame for."""
        code = _code(answer)
        if code in _LIMITS:
            raise self.http.throttled(answer, f"Salesforce asks for a pause: {_said(answer)}")
        if answer.status == _CREDENTIALS:
            raise self._failed(PauseReason.CREDENTIALS, answer)
        if answer.status == _FORBIDDEN:
            raise self._failed(PauseReason.FORBIDDEN, answer)
        if answer.status in {_NOT_THERE, _GONE} or code in _OF_THE_MAPPING:
            raise self._failed(PauseReason.MAPPING, answer)
        if answer.status not in _OF_A_RECORD or code in _DOWN:
            raise self._failed(PauseReason.UNAVAILABLE, answer, unknown=writes)

    def _failed(self, reason: PauseReason, answer: Answer, *, unknown: bool = False) -> PushFailedError:
        return PushFailedError(
            self.http.words(f"Salesforce answers {answer.status}: {_said(answer)}"),
            reason=reason,
            unknown=unknown,
            correlation_id=answer.correlation_id,
        )

    def _call(
        self, method: str, path: str, deadline: Deadline, *, body: Any = None, writes: bool = False
    ) -> Answer:
        """With another token, once, where the present one is refused: it had no effect."""
        answer = self._once(method, path, deadline, body=body, writes=writes)
        if answer.status != _CREDENTIALS:
            return answer
        self._session.forget()
        return self._once(method, path, deadline, body=body, writes=writes)

    def _once(self, method: str, path: str, deadline: Deadline, *, body: Any, writes: bool) -> Answer:
        token = self._session.token(deadline)
        request = Request(
            method=method,
            url=f"{token.instance_url}/services/data/{self.version}{path}",
            headers={"Authorization": f"Bearer {token.secret}"},
            body=body,
            writes=writes,
        )
        return self.http.call(request, deadline)


def errors_of(content: Any) -> list[Mapping[str, Any]]:
    """Refusals are a list of errors."""
    shapes = content if isinstance(content, list) else [content]
    return [shape for shape in shapes if isinstance(shape, dict)]


def _code(answer: Answer) -> str:
    return next((str(error.get("errorCode") or "") for error in errors_of(answer.content)), "")


def _said(answer: Answer) -> str:
    first = next(iter(errors_of(answer.content)), {})
    return f"{first.get('errorCode') or ''}: {first.get('message') or 'no reason given'}".removeprefix(": ")
