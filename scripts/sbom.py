"""`make sbom`: dist/sbom.json, a CycloneDX list of what the functions ship, read from the layer's hashed lock."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from local.place import ROOT

LOCK = ROOT / "layers" / "dependencies" / "requirements.txt"
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)")


def bill_of_materials(lock: str, *, name: str, version: str) -> dict[str, Any]:
    """A CycloneDX 1.5 document with each pinned package of `lock` and the hashes that it may be installed by."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": name, "version": version}},
        "components": [
            _component(block) for block in re.split(r"\n(?=[A-Za-z0-9])", lock) if PINNED.match(block)
        ],
    }


def _component(block: str) -> dict[str, Any]:
    found = PINNED.match(block)
    assert found, "only pinned packages are asked for"  # noqa: S101 - the caller chose the block by this pattern
    hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})", block)
    return {
        "type": "library",
        "name": found["name"],
        "version": found["version"],
        "purl": f"pkg:pypi/{found['name'].lower()}@{found['version']}",
        # One for each file that the registry has of this version: which of them is installed depends on the platform.
        "properties": [{"name": "sha256", "value": each} for each in hashes],
    }


def main(target: Path) -> int:
    """Write the document to `target`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    document = bill_of_materials(LOCK.read_text(), name=project["name"], version=project["version"])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document, indent=2) + "\n")
    print(f"{target.relative_to(ROOT)}: {len(document['components'])} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT / "dist" / "sbom.json"))
