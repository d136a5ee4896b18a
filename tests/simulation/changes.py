"""Edits of a definition, as an admin makes them: some narrow it, some widen it, some change the dates."""

from __future__ import annotations

from typing import Any

from simulation.setting import GROUP, requiring

CHANGES: tuple[dict[str, Any], ...] = (
    {"requirements": requiring("c-1")},
    {"requirements": requiring("c-1", "c-2")},
    {"requirements": requiring("c-2", "c-3")},
    {"requirements": requiring("c-1", "c-2", "c-3", count=2)},
    {"requirements": requiring("c-3", minimum=80)},
    {"requirements": {"courses": [{"course_id": "c-3", "equivalents": ["c-4"]}]}},
    {"expiration": {"type": "duration", "duration": "P40D"}},
    {"expiration": {"type": "never"}, "renewal": None},
    {"renewal": None},
    {"expiration": {"type": "duration", "duration": "P15D"}, "renewal": {"opens": "P5D", "grace": "P3D"}},
    {"permissions": {"audience": "everyone"}},
    {"permissions": {"audience": "groups", "groups": [GROUP]}},
    {"permissions": {"audience": "no_one"}},
    {"reminders": ["P9D", "P2D"]},
    {"reminders": []},
    {"name": "Another name"},
)
