"""History by file into the deployed stack and out again (R32)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3

from academy import Academy
from deployed import Api, eventually

IMPORT, EXPORT = "/certification-completions/import", "/certification-completions/export"
HEADER = "user_id,certification_id,completion_date,expiration_date,revoked_on,reason\n"


@pytest.fixture
def academy(api: Api, unique: str) -> Academy:
    return Academy(api=api, name=unique)


def imported(api: Api, text: str, query: str = "") -> Any:
    """The import when it is done."""
    answer = api.send("POST", IMPORT + query, raw=text.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status in {200, 202}, answer.body
    path = answer.headers["Location"]
    return eventually(
        lambda: (run := api.get(path).json)["state"] == "completed" and run, what="the import", within=180
    )


def counts(run: Any) -> tuple[int, int, int]:
    return run["created"], run["unchanged"], run["rejected"]


def fetched(url: str) -> str:
    """As a browser gets it: without a key."""
    address = urlsplit(url)
    assert address.port
    pool = urllib3.HTTPConnectionPool("127.0.0.1", address.port, retries=False)
    answer = pool.request("GET", f"{address.path}?{address.query}", headers={"Host": address.netloc})
    assert answer.status == 200, answer.data
    return answer.data.decode()


def test_history_goes_in_and_out_and_in_again_without_a_change(academy: Academy) -> None:
    user_id, certification_id = academy.user(), academy.certification(academy.courses(1))
    text = HEADER + "".join(
        [
            f"{user_id},{certification_id},2024-03-01,2025-02-28,,from the old academy\n",
            f"{user_id},{certification_id},2023-03-01,2024-02-29,2023-09-01,\n",
            f"{user_id},{certification_id},2025-03-01,never,,\n",
            f"{academy.name}-nobody,{certification_id},2025-03-01,,,\n",
        ]
    )
    tried = imported(academy.api, text, "?dry_run=true")
    assert academy.awards(user_id) == []
    done = imported(academy.api, text)
    assert counts(done) == counts(tried) == (3, 0, 1)
    assert [(e["row"], e["column"]) for e in done["errors"]] == [(5, "user_id")]
    assert [award["status"] for award in academy.awards(user_id)] == ["revoked", "expired", "active"]
    assert counts(imported(academy.api, text)) == (0, 3, 1)

    file = exported(academy.api, {"certification_id": certification_id})
    assert file.count(user_id) == 3 * 2  # the id, and the e-mail address
    assert counts(imported(academy.api, file, "?dry_run=true")) == (0, 3, 0)


def exported(api: Api, wish: dict[str, Any]) -> str:
    """The file, as whoever has its address gets it."""
    answer = api.post(EXPORT, wish)
    assert answer.status in {200, 202}, answer.body
    path = answer.headers["Location"]
    run = eventually(lambda: (run := api.get(path).json)["url"] and run, what="the export", within=180)
    return fetched(run["url"])


def test_a_large_file_is_a_job(academy: Academy) -> None:
    users = [academy.user(number) for number in range(3)]
    certification_id = academy.certification(academy.courses(1))
    rows = [
        f"{user},{certification_id},{1900 + n % 80}-01-01,{1900 + n % 80}-12-31,,\n"
        for user in users
        for n in range(400)
    ]
    answer = academy.api.send(
        "POST", IMPORT, raw=(HEADER + "".join(rows)).encode(), headers={"Content-Type": "text/csv"}
    )
    assert (answer.status, answer.json["rows"]) == (202, 1200)
    path = answer.headers["Location"]
    run = eventually(
        lambda: (run := academy.api.get(path).json)["state"] == "completed" and run,
        what="the job",
        within=180,
    )
    assert counts(run) == (240, 960, 0)
