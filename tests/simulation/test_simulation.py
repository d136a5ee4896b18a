"""The simulation holds, a seed replays exactly, and each safeguard that is taken away is noticed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.mutations import MUTATIONS, NOTICED_BY

ROOT = Path(__file__).parents[2]
FEWEST = 20
REPLAYED = "4"
SEARCHED = 500
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def simulate(*arguments: str) -> tuple[int, str]:
    """In a process of its own: it wants its own hash seed. Gives the exit status and what was said."""
    paths = os.pathsep.join(str(ROOT / path) for path in ("layers/certification", "tests", "."))
    done = subprocess.run(
        [sys.executable, "-m", "simulation", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr[-4000:]
    return done.returncode, done.stdout


def test_every_invariant_holds_whatever_goes_wrong() -> None:
    status, said = simulate("--seeds", "150", "--seconds", "60", "--workers", "2")

    assert status == 0, said
    passed = re.search(r"^(\d+) seeds passed", said, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= FEWEST


def test_a_seed_replays_exactly() -> None:
    once = simulate("--seed", REPLAYED, "--trace")
    again = simulate("--seed", REPLAYED, "--trace")

    assert once[1].count("dies at") > 0, "nothing went wrong in this run: take another seed"
    assert once == again


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_safeguard_that_is_taken_away_is_noticed(name: str) -> None:
    """The seed known to notice it first; where the service has moved on since, any of a few hundred."""
    status, _ = simulate("--mutation", name, "--seed", str(NOTICED_BY[name]))
    if status == 0:
        status, _ = simulate("--mutation", name, "--seeds", str(SEARCHED), "--workers", "2", "--quick")

    assert status == 1


def test_a_failure_is_told_with_the_few_operations_it_needs_and_the_command_to_see_it_again() -> None:
    seed = NOTICED_BY["put-condition"]
    status, said = simulate("--mutation", "put-condition", "--first", str(seed), "--seeds", str(SEARCHED))

    assert status == 1
    needed = re.search(r"^(\d+) of its (\d+) operations are needed:", said, re.MULTILINE)
    assert needed is not None
    assert int(needed[1]) < int(needed[2])
    again = re.search(r"make simulate SEED=(\d+) ARGS='(.*)'", said)
    assert again is not None
    assert simulate("--seed", again[1], *again[2].split())[0] == 1
