"""How the guided run speaks: numbered chapters, one line for each thing that happened."""

from __future__ import annotations

import sys
from collections.abc import Mapping

_BOLD, _DIM, _GREEN, _OFF = "\033[1m", "\033[2m", "\033[32m", "\033[0m"


class Narrator:
    def __init__(self) -> None:
        self._colour = sys.stdout.isatty()
        self._chapter = 0

    def chapter(self, title: str) -> None:
        self._chapter += 1
        print(f"\n{self._style(_BOLD)}{self._chapter}. {title}{self._style(_OFF)}", flush=True)

    def done(self, text: str) -> None:
        print(f"   {self._style(_GREEN)}✓{self._style(_OFF)} {text}", flush=True)

    def note(self, text: str) -> None:
        print(f"     {self._style(_DIM)}{text}{self._style(_OFF)}", flush=True)

    def fields(self, title: str, values: Mapping[str, object]) -> None:
        self.done(title)
        width = max((len(name) for name in values), default=0)
        for name, value in values.items():
            self.note(f"{name:<{width}}  {value}")

    def _style(self, code: str) -> str:
        return code if self._colour else ""
