"""Exports in the intake bucket, under `exports/` (7 days): the parts, and the file that is made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

PREFIX = "exports/"
# S3 takes no smaller pieces, except the last.
LEAST_PIECE_BYTES = 8 * 1024 * 1024
# A browser keeps it as a file under its own name.
_DESCRIPTION = {"ContentType": "text/csv; charset=utf-8", "ContentDisposition": "attachment"}


class S3ExportFiles:
    """Implements the port `ExportFiles`. Whatever the size of the file, a piece of it is in memory at a time."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def save_part(self, export_id: str, number: int, text: str) -> None:
        self._put(_part(export_id, number), text.encode())

    def join(self, export_id: str, parts: int) -> None:
        pieces = self._pieces(export_id, parts)
        first = next(pieces, b"")
        second = next(pieces, None)
        if second is None:
            self._put(_file(export_id), first)
        else:
            self._upload(_file(export_id), first, second, pieces)

    def url(self, export_id: str, *, seconds: int) -> str:
        return str(
            self._client.generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": _file(export_id)},
                ExpiresIn=seconds,
            )
        )

    def _pieces(self, export_id: str, parts: int) -> Iterator[bytes]:
        piece = bytearray()
        for number in range(1, parts + 1):
            answer = self._client.get_object(Bucket=self._bucket, Key=_part(export_id, number))
            piece += answer["Body"].read()
            if len(piece) >= LEAST_PIECE_BYTES:
                yield bytes(piece)
                piece.clear()
        if piece:
            yield bytes(piece)

    def _upload(self, key: str, first: bytes, second: bytes, rest: Iterator[bytes]) -> None:
        where = {"Bucket": self._bucket, "Key": key}
        upload = self._client.create_multipart_upload(**where, **_DESCRIPTION)["UploadId"]
        sent: list[dict[str, Any]] = []
        for pieces in ((first, second), rest):
            for piece in pieces:
                number = len(sent) + 1
                answer = self._client.upload_part(**where, UploadId=upload, PartNumber=number, Body=piece)
                sent.append({"ETag": answer["ETag"], "PartNumber": number})
        self._client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": sent})

    def _put(self, key: str, content: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=content, **_DESCRIPTION)


def _part(export_id: str, number: int) -> str:
    return f"{PREFIX}{export_id}/{number:06}.csv"


def _file(export_id: str) -> str:
    return f"{PREFIX}{export_id}.csv"
