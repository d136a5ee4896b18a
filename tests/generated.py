"""Random entities for properties: every field filled, defaults as well."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from certification.domain.model import (
    AfterDuration,
    Anchored,
    Duration,
    FixedDate,
    NeverExpires,
    Permissions,
    Requirements,
)

texts = st.text("aZ 0#%/\"'\n\u00e4\U0001f600", min_size=1, max_size=8)
ids = st.text("aZ9._:+@-", min_size=1, max_size=8)
instants = st.integers(0, 4_000_000_000_000).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
dates = st.dates(date(1900, 1, 1), date(9998, 12, 31))
integers = st.integers(0, 10**9)
scores = st.integers(0, 100) | st.integers(0, 100_000).map(lambda n: n / 1000)
durations = st.builds(
    Duration,
    years=st.integers(0, 20),
    months=st.integers(0, 60),
    weeks=st.integers(0, 100),
    days=st.integers(0, 1000),
).filter(lambda d: bool(d.years or d.months or d.weeks or d.days))
anchors = st.builds(Anchored, month=st.integers(1, 12), day=st.integers(1, 28), minimum=durations)
policies = (
    st.just(NeverExpires())
    | st.builds(FixedDate, date=dates)
    | st.builds(AfterDuration, duration=durations)
    | anchors
)
starts = st.dictionaries(ids, texts | integers, min_size=1, max_size=3)

for kind, strategy in (
    (str, texts),
    (int, integers),
    (float, scores),
    (datetime, instants),
    (date, dates),
    (Duration, durations),
):
    st.register_type_strategy(kind, strategy)


@cache
def entities(kind: type) -> st.SearchStrategy[Any]:
    """Instances of a dataclass, by the types of its fields. Ids are such as keys can hold."""
    hints = typing.get_type_hints(kind)
    return st.builds(kind, **{f.name: _field(f.name, hints[f.name]) for f in dataclasses.fields(kind)})


def _field(name: str, hint: Any) -> st.SearchStrategy[Any]:
    if name in {"id", "external_id"} or name.endswith("_id"):
        return ids | st.none() if type(None) in typing.get_args(hint) else ids
    if name == "expiration":
        return policies | st.none()
    return _of(hint)


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if hint is Any:
        return texts
    if isinstance(hint, typing.NewType):
        return ids
    if dataclasses.is_dataclass(hint) and isinstance(hint, type) and hint is not Duration:
        return entities(hint)
    arguments = typing.get_args(hint)
    return _generic(typing.get_origin(hint), arguments) if arguments else st.from_type(hint)


def _generic(origin: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_of, arguments))
    if origin is frozenset:
        return st.frozensets(_of(arguments[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(texts, _of(arguments[1]), max_size=3)
    return st.one_of([_filled(argument) for argument in arguments])


def _filled(hint: Any) -> st.SearchStrategy[Any]:
    """A mapping that may also be None is never empty: to its readers both say the same."""
    if typing.get_origin(hint) is Mapping:
        return st.dictionaries(texts, _of(typing.get_args(hint)[1]), min_size=1, max_size=3)
    return _of(hint)


requirements = entities(Requirements)
permissions = entities(Permissions)
