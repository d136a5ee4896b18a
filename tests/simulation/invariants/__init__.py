"""What must hold when everything has come to rest."""

from __future__ import annotations

from simulation.invariants import crm, final, log, of_the_set, told
from simulation.play import Play
from simulation.state import read_state
from simulation.world import World


def check(world: World, play: Play, *, plain: bool) -> list[str]:
    """All that is wrong. `plain`: one completion of each course, fixed definitions."""
    state = read_state(world.table.items)
    problems = [f"surprise: {one}" for one in world.surprises]
    if plain:
        problems += of_the_set.awards_of_the_set(state, play)
    problems += log.problems(world)
    problems += final.problems(world, play, state)
    problems += told.problems(world)
    problems += crm.problems(world, state)
    return problems
