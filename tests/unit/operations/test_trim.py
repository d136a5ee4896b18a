"""What is left of botocore in the layer is still what botocore reads."""

from __future__ import annotations

import gzip
import json
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import botocore
import pytest
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


@pytest.mark.parametrize("service", sorted(trim().SERVICES))
def test_a_shortened_model_still_makes_a_client(trimmed: Path, service: str) -> None:
    models = list(trimmed.glob(f"{service}/*/service-2.json"))
    assert models
    for model in models:
        read = ServiceModel(json.loads(model.read_text()), service)
        assert read.operation_names
        assert all(parameter.name for parameter in read.client_context_parameters)
        assert "<p>" not in model.read_text()
