"""What the README tells a new user to paste works as it is pasted."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from local.place import Place

from template import ROOT


@pytest.mark.skipif(not shutil.which("curl"), reason="the tour is told with curl")
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_short_tour_ends_with_an_award(place: Place, shell: str) -> None:
    tour = re.search(r"## A short tour.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert tour
    pasted = tour[1].replace(".local/stack.json", str(place.stack_file))
    done = subprocess.run([shell, "-c", pasted], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    *_, held, progress = [json.loads(line) for line in done.stdout.splitlines()]
    assert "problem" not in done.stdout
    assert progress["current"]["certification_completion_id"] in [
        item["certification_completion_id"] for item in held["items"]
    ]
