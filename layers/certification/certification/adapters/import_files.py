"""The texts of imports in the intake bucket, under `imports/` (30 days)."""

from __future__ import annotations

from typing import Any

PREFIX = "imports/"


class S3ImportFiles:
    """Implements the port `ImportFiles`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def save(self, import_id: str, text: str) -> None:
        self._client.put_object(
            Bucket=self._bucket,
            Key=_key(import_id),
            Body=text.encode(),
            ContentType="text/csv; charset=utf-8",
        )

    def read(self, import_id: str) -> str:
        answer = self._client.get_object(Bucket=self._bucket, Key=_key(import_id))
        return str(answer["Body"].read(), "utf-8")


def _key(import_id: str) -> str:
    return f"{PREFIX}{import_id}.csv"
