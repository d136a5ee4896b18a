"""The files of imports and exports in S3 (on moto), and their fakes: the same contract."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from certification.adapters.aws import create_client
from certification.adapters.export_files import LEAST_PIECE_BYTES, S3ExportFiles
from certification.adapters.import_files import S3ImportFiles
from certification.domain.exports import ExportFiles
from lms_fakes import InMemoryExportFiles, InMemoryImportFiles

Fetch = Callable[[str], str]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made: Any = boto3.client("s3", region_name="us-east-1")
        made.create_bucket(Bucket="intake")
        yield made


@pytest.fixture(params=["fake", "s3"])
def files(request: pytest.FixtureRequest, client: Any) -> tuple[ExportFiles, Fetch]:
    if request.param == "fake":
        fake = InMemoryExportFiles()
        return fake, lambda url: fake.files[url]

    def fetch(url: str) -> str:
        key = urllib.parse.urlparse(url).path.lstrip("/").removeprefix("intake/")
        return str(client.get_object(Bucket="intake", Key=key)["Body"].read(), "utf-8")

    return S3ExportFiles(client, "intake"), fetch


def test_a_text_comes_back_as_it_was(client: Any) -> None:
    for kept in (InMemoryImportFiles(), S3ImportFiles(client, "intake")):
        kept.save("import-1", "a,b\r\nü,😀\n")
        assert kept.read("import-1") == "a,b\r\nü,😀\n"


def test_one_file_is_made_of_the_parts_in_their_order(files: tuple[ExportFiles, Fetch]) -> None:
    export, fetch = files
    for number in (2, 1, 3):
        export.save_part("export-1", number, f"part {number} é\r\n")
    export.save_part("export-1", 2, "written again\r\n")
    export.join("export-1", 3)
    assert fetch(export.url("export-1", seconds=60)) == "part 1 é\r\nwritten again\r\npart 3 é\r\n"


def test_a_large_file_is_made_in_pieces(files: tuple[ExportFiles, Fetch]) -> None:
    """S3 takes no piece under five megabytes, but the last."""
    export, fetch = files
    parts = [str(number) * (LEAST_PIECE_BYTES * 2 // 3) for number in range(1, 6)]
    for number, text in enumerate(parts, start=1):
        export.save_part("export-1", number, text)
    export.join("export-1", 5)
    assert fetch(export.url("export-1", seconds=60)) == "".join(parts)


def test_an_address_is_signed_as_every_bucket_takes_it(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The older signature is refused by buckets made since 2020."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    made = create_client.__wrapped__("s3")
    export = S3ExportFiles(client, "intake")
    export.save_part("export-1", 1, "a")
    export.join("export-1", 1)
    stored = client.head_object(Bucket="intake", Key="exports/export-1.csv")
    assert stored["ContentDisposition"] == "attachment"
    url = urllib.parse.urlparse(S3ExportFiles(made, "intake").url("export-1", seconds=60))
    query = urllib.parse.parse_qs(url.query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["60"]
    assert url.path.endswith("exports/export-1.csv")
