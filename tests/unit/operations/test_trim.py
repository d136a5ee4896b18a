"""What is left of botocore in the layer is still what botocore reads."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore
import pytest
from botocore import xform_name
from botocore.model import ServiceModel

ROOT = Path(__file__).parents[3]
DATA = Path(botocore.__file__).parent / "data"


def trim() -> ModuleType:
    spec = spec_from_file_location("trim", ROOT / "layers/dependencies/trim.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trimmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """botocore's data of the services that are kept, shortened."""
    data = tmp_path_factory.mktemp("data")
    shutil.copy(DATA / "endpoints.json", data)
    for service in trim().SERVICES:
        shutil.copytree(DATA / service, data / service)
    for packed in list(data.rglob("service-2.json")):
        packed.with_suffix(".json.gz").write_bytes(gzip.compress(packed.read_bytes()))
        packed.unlink()
    trim().shorten(data)
    return data


def called_by_us() -> set[str]:
    """The operations in the adapters' code, as the clients' methods are called."""
    method = re.compile(
        r"""_client\.(?!generate_presigned_url)(\w+)\(|(?:_call|generate_presigned_url)\(\s*"([a-z]\w+)\""""
    )
    sources = (ROOT / "layers/certification/certification/adapters").rglob("*.py")
    return {one or other for file in sources for one, other in method.findall(file.read_text())}


def test_every_operation_that_is_called_is_kept_and_no_other() -> None:
    kept = {xform_name(name) for names in trim().OPERATIONS.values() for name in names}
    assert kept - {xform_name(name) for name in trim().BY_BOTOCORE} == called_by_us()


def test_a_model_keeps_the_shapes_of_its_operations(trimmed: Path) -> None:
    for path in trimmed.rglob("service-2.json"):
        model = json.loads(path.read_text())
        assert set(model["operations"]) <= trim().OPERATIONS[path.relative_to(trimmed).parts[0]]
        for name in model["operations"]:
            operation = ServiceModel(model).operation_model(name)
            told = [operation.input_shape, operation.output_shape, *operation.error_shapes]
            assert all(shape is None or _walked(shape) for shape in told)


def _walked(shape: Any, inside: tuple[str, ...] = ()) -> bool:
    """Every shape below this one is there: botocore raises where one is missing."""
    if shape.name not in inside:
        below = [getattr(shape, part) for part in ("member", "key", "value") if hasattr(shape, part)]
        for each in [*below, *getattr(shape, "members", {}).values()]:
            _walked(each, (*inside, shape.name))
    return True


@pytest.mark.parametrize("service", sorted(trim().SERVICES))
def test_a_shortened_model_still_makes_a_client(trimmed: Path, service: str) -> None:
    models = list(trimmed.glob(f"{service}/*/service-2.json"))
    assert models
    for model in models:
        read = ServiceModel(json.loads(model.read_text()), service)
        assert read.operation_names
        assert all(parameter.name for parameter in read.client_context_parameters)
        assert "<p>" not in model.read_text()
