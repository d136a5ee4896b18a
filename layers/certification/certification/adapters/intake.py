"""The intake bucket: one object for each webhook, under `raw/` (30 days) or `kept/` (400 days, for an admin)."""

from __future__ import annotations

import base64
import heapq
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote, unquote

from certification.domain.intake import KeptEntry, KeptWebhook, intake_stamp
from certification.domain.ports import Slice

READABLE, UNREADABLE = "raw", "kept"
_SUFFIX = ".json"
_PAGE = 1000


class S3Intake:
    """Implements the port `Intake`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep(self, webhook: KeptWebhook) -> None:
        key = _key(webhook.source_id, webhook.intake_id, readable=webhook.readable)
        self._client.put_object(
            Bucket=self._bucket, Key=key, Body=_to_json(webhook), ContentType="application/json"
        )

    def find(self, source_id: str, intake_id: str) -> KeptWebhook | None:
        from botocore.exceptions import ClientError

        for readable in (False, True):
            key = _key(source_id, intake_id, readable=readable)
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as exc:
                if exc.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                    continue
                raise
            return _from_json(answer["Body"].read())
        return None

    def discard(self, webhook: KeptWebhook) -> None:
        key = _key(webhook.source_id, webhook.intake_id, readable=False)
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def page(
        self, source_id: str | None, *, readable: bool, limit: int, after: str | None = None
    ) -> Slice[KeptEntry]:
        prefix = f"{READABLE if readable else UNREADABLE}/"
        if source_id is not None:
            prefix += f"{_encoded(source_id)}/"
        answer = self._list(prefix, limit=limit, after=f"{prefix}{after}" if after else "")
        entries = tuple(_entry(listed) for listed in answer.get("Contents", ()))
        following = None
        if answer.get("IsTruncated") and entries:
            following = {"after": answer["Contents"][-1]["Key"].removeprefix(prefix)}
        return Slice(items=entries, next=following)

    def since(self, source_id: str, start: datetime, *, after: str | None = None) -> Iterator[KeptEntry]:
        first = f"{after}{_SUFFIX}" if after else intake_stamp(start)
        streams = (self._stream(f"{kind}/{_encoded(source_id)}/", first) for kind in (READABLE, UNREADABLE))
        return heapq.merge(*streams, key=lambda entry: entry.intake_id)

    def _stream(self, prefix: str, after: str) -> Iterator[KeptEntry]:
        start = f"{prefix}{after}"
        while True:
            answer = self._list(prefix, limit=_PAGE, after=start)
            contents = answer.get("Contents", ())
            yield from (_entry(listed) for listed in contents)
            if not answer.get("IsTruncated") or not contents:
                return
            start = contents[-1]["Key"]

    def _list(self, prefix: str, *, limit: int, after: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.list_objects_v2(
            Bucket=self._bucket, Prefix=prefix, MaxKeys=limit, StartAfter=after
        )
        return answer


def _encoded(source_id: str) -> str:
    return quote(source_id, safe="-._")


def _key(source_id: str, intake_id: str, *, readable: bool) -> str:
    kind = READABLE if readable else UNREADABLE
    return f"{kind}/{_encoded(source_id)}/{quote(intake_id, safe='-._')}{_SUFFIX}"


def _entry(listed: dict[str, Any]) -> KeptEntry:
    kind, source, name = listed["Key"].split("/", 2)
    return KeptEntry(
        source_id=unquote(source),
        intake_id=unquote(name.removesuffix(_SUFFIX)),
        readable=kind == READABLE,
        size=listed.get("Size", 0),
    )


def _to_json(webhook: KeptWebhook) -> bytes:
    content: dict[str, Any] = {
        "schema_version": 1,
        "source_id": webhook.source_id,
        "intake_id": webhook.intake_id,
        "provider": webhook.provider,
        "received_at": webhook.received_at.isoformat(),
        "correlation_id": webhook.correlation_id,
        "headers": dict(webhook.headers),
        "problems": [dict(problem) for problem in webhook.problems],
    }
    try:
        content["body"] = webhook.body.decode()
    except UnicodeDecodeError:
        content["body_base64"] = base64.b64encode(webhook.body).decode()
    return json.dumps(content, separators=(",", ":")).encode()


def _from_json(raw: bytes) -> KeptWebhook:
    content = json.loads(raw)
    encoded = content.get("body_base64")
    return KeptWebhook(
        source_id=content["source_id"],
        intake_id=content["intake_id"],
        provider=content["provider"],
        received_at=datetime.fromisoformat(content["received_at"]),
        correlation_id=content["correlation_id"],
        headers=content["headers"],
        body=base64.b64decode(encoded) if encoded is not None else content["body"].encode(),
        problems=tuple(content["problems"]),
    )
