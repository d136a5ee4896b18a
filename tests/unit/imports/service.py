"""Imports over the application on fakes: through the routes, with the job that works off what is left."""

from __future__ import annotations

from typing import Any

from builders import certification, organization, user
from certification.http.router import Route
from certification.http.routes import certification_completions, exports, imports
from fakes import InMemoryTable
from lms_fakes import InMemoryExportFiles, InMemoryImportFiles
from unit.awards.api import COMPLETIONS, AwardsApi

IMPORT = f"{COMPLETIONS}/import"
EXPORT = f"{COMPLETIONS}/export"


class ImportApi(AwardsApi):
    """Users u-1 to u-9, organization o-1, the user certification cert-1 and the organization's cert-o."""

    routes: tuple[Route, ...] = (*certification_completions.ROUTES, *imports.ROUTES, *exports.ROUTES)

    def __init__(self, table: InMemoryTable | None = None, **parts: Any) -> None:
        super().__init__(
            table, **{"import_files": InMemoryImportFiles(), "export_files": InMemoryExportFiles(), **parts}
        )
        self.defined(*(user(f"u-{n}") for n in range(1, 10)), organization("o-1"), certification("cert-1"))

    def imported(self, text: str, *, dry_run: bool = False, path: str = IMPORT, **headers: str) -> Any:
        """The import after all its work is done."""
        status, body = self.call(
            "POST", path, text, f"dry_run={str(dry_run).lower()}", content_type="text/csv", **headers
        )
        assert status in {200, 202}, body
        self.work()
        status, body = self.call("GET", f"{path}/{body['import_id']}")
        assert status == 200, body
        return body

    def exported(self, wish: Any) -> tuple[str, int]:
        """The file after all its work is done, and how many rows it is said to have."""
        status, body = self.call("POST", EXPORT, wish)
        assert status in {200, 202}, body
        self.work()
        body = self.call("GET", f"{EXPORT}/{body['export_id']}")[1]
        return self.fetched(body["url"]), body["rows"]

    def fetched(self, url: str) -> str:
        return self.app.export_files.files[url]  # type: ignore[attr-defined, no-any-return]


def counts(run: Any) -> tuple[int, int, int]:
    return run["created"], run["unchanged"], run["rejected"]
