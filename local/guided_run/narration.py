"""How the guided run speaks: numbered chapters, one line for each thing that happened."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Mapping

_BOLD, _DIM, _GREEN, _OFF = "\033[1m", "\033[2m", "\033[32m", "\033[0m"


class Narrator:
    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._chapter = 0

    def chapter(self, title: str) -> None:
        self._chapter += 1
        print(f"\n{self._style(_BOLD)}{self._chapter}. {title}{self._style(_OFF)}", flush=True)

    def done(self, text: str) -> None:
        print(f"   {self._style(_GREEN)}✓{self._style(_OFF)} {self._fit(text)}", flush=True)

    def note(self, text: str) -> None:
        print(f"     {self._style(_DIM)}{text}{self._style(_OFF)}", flush=True)

    def fields(self, title: str, values: Mapping[str, object]) -> None:
        self.done(title)
        width = max((len(name) for name in values), default=0)
        for name, value in values.items():
            self.note(f"{name:<{width}}  {value}")

    def _fit(self, text: str) -> str:
        """Broken between words for a person's terminal; one line where a program reads."""
        if not self._is_terminal:
            return text
        indent = " " * 5
        return textwrap.fill(
            text,
            shutil.get_terminal_size().columns,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ).lstrip()

    def _style(self, code: str) -> str:
        return code if self._is_terminal else ""
