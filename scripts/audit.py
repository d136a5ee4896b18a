"""`make audit`: known vulnerabilities of the locked packages; says so where none can be looked up."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from local.place import ROOT

LOCKS = (ROOT / "layers" / "dependencies" / "requirements.txt", ROOT / "requirements" / "dev.txt")


def report(lock: Path) -> list[dict[str, Any]] | None:
    """What pip-audit says of each package of a lock; nothing where its service does not answer."""
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
    ]
    command += ["--format", "json", "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except json.JSONDecodeError:
        return None
    return packages


def is_available(lock: Path) -> bool:
    """Ask for one package before asking for all: a mirror of the registry may have no such data."""
    first = re.split(r"\n(?=[A-Za-z0-9])", lock.read_text())[1]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as one:
        one.write(first)
        one.flush()
        packages = report(Path(one.name))
    return packages is not None and any("skip_reason" not in each for each in packages)


def faults(packages: list[dict[str, Any]]) -> list[str]:
    """One line for each known vulnerability."""
    return [
        f"{each['name']} {each['version']}: {known['id']}, mended by {', '.join(known['fix_versions']) or 'none yet'}"
        for each in packages
        for known in each.get("vulns", [])
    ]


def main() -> int:
    """Answers 1 where a package has a known vulnerability."""
    if not is_available(LOCKS[0]):
        print("audit: not done, vulnerability data cannot be reached from here")
        return 0
    reports = [report(lock) for lock in LOCKS]
    if None in reports:
        print("audit: pip-audit failed on a lock", file=sys.stderr)
        return 1
    found = [fault for packages in reports for fault in faults(packages or [])]
    print("\n".join(found) or "audit: no known vulnerability")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
