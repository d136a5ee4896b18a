"""What no import rule of import-linter can say: the standard library, the environment, the handlers."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from template import ROOT

PACKAGE = ROOT / "layers" / "certification" / "certification"
HANDLERS = sorted((ROOT / "functions").glob("*/*.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported_by(path: Path) -> Iterator[str]:
    """Every module that this file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield node.module or ""


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sorted((PACKAGE / "domain").rglob("*.py")), ids=names)
def test_domain_imports_only_the_standard_library_and_itself(path: Path) -> None:
    foreign = {
        module
        for module in imported_by(path)
        if module.split(".")[0] not in sys.stdlib_module_names
        and not module.startswith("certification.domain")
    }
    assert foreign == set()


@pytest.mark.parametrize("path", [*MODULES, *HANDLERS], ids=names)
def test_only_config_reads_the_environment(path: Path) -> None:
    if path == PACKAGE / "config.py":
        pytest.skip("the one reader")
    readers = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"}
    }
    assert readers == set()


@pytest.mark.parametrize("path", HANDLERS, ids=names)
def test_handlers_import_the_package_and_nothing_of_their_siblings(path: Path) -> None:
    allowed = {"certification", "aws_lambda_powertools"} | sys.stdlib_module_names
    assert {module for module in imported_by(path) if module.split(".")[0] not in allowed} == set()


@pytest.mark.parametrize("path", HANDLERS, ids=names)
def test_handlers_do_not_reach_past_the_composition_root(path: Path) -> None:
    """A handler parses, calls one use case and maps the answer; adapters come from `bootstrap`."""
    assert {
        module for module in imported_by(path) if module.startswith("certification.adapters.dynamodb")
    } == set()


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_clients_only_and_no_http_library_but_urllib3(path: Path) -> None:
    """boto3's resources, requests and httpx cost a cold start what they do not give back."""
    assert {module for module in imported_by(path) if module.split(".")[0] in {"requests", "httpx"}} == set()
    assert "boto3.resource(" not in path.read_text()


def modules_after(code: str, *folders: Path) -> set[str]:
    """What a fresh interpreter has imported when it has run this."""
    path = os.pathsep.join([str(folder) for folder in folders] + sys.path)
    printed = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
        env=os.environ | {"PYTHONPATH": path, "POWERTOOLS_METRICS_NAMESPACE": "t"},
        check=True,
        capture_output=True,
        text=True,
    )
    return set(json.loads(printed.stdout.splitlines()[-1]))


def test_naming_a_port_imports_no_rules() -> None:
    """Every function does at its cold start; only who makes the entities behind the contracts has to pay for them."""
    ours = {m for m in modules_after("import certification.domain.ports") if m.startswith("certification.")}
    assert ours == {"certification.domain", "certification.domain.errors", "certification.domain.ports"}


@pytest.mark.parametrize("worker", [path for path in HANDLERS if path.parent.name != "api"], ids=names)
def test_no_worker_imports_pydantic(worker: Path) -> None:
    assert "pydantic" not in modules_after("import app", worker.parent)


READ_A_USER = """
from certification.bootstrap import App
from certification.config import Config
from certification.http.application import respond
from certification.http.routes import RoutesByPath
from fakes import InMemoryTable

app = App(Config(table_name="t"), table=InMemoryTable(), first_key=lambda: "the key")
event = {
    "rawPath": "/users/u-1",
    "headers": {"authorization": "Bearer the key"},
    "requestContext": {"http": {"method": "GET"}},
}
answer = respond(app, RoutesByPath(), event)
assert "no such user" in answer["body"], answer
"""


def test_reading_by_id_imports_no_pydantic() -> None:
    """It is a third of a cold start, for nothing that such a request brings."""
    assert "pydantic" not in modules_after(READ_A_USER)
