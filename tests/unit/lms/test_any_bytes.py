"""Whatever arrives: completions, "ignored" or "kept for an admin". Never a crash, never a message the queue refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certification.adapters.lms.registry import get_provider, storable_body
from certification.domain.course_completion_message import parse_course_completion
from certification.domain.webhooks import (
    ParsedWebhook,
    SignatureRefusedError,
    UnparseableBodyError,
    WebhookRequest,
)
from lms_senders import NOW, SENDERS, Sender, as_bytes

ZONE = ZoneInfo("Europe/Berlin")
quietly = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
every_provider = pytest.mark.parametrize("sender", SENDERS.values(), ids=SENDERS)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
    if isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, inner in items for place in places(inner, (*path, key)))]


def replaced(value: Any, path: tuple[str | int, ...], new: object) -> Any:
    if not path:
        return new
    copied: Any = list(value) if isinstance(value, list) else dict(value)
    copied[path[0]] = replaced(value[path[0]], path[1:], new)
    return copied


def outcome(sender: Sender, body: bytes, headers: dict[str, str]) -> ParsedWebhook | None:
    provider = get_provider(sender.provider)
    request = WebhookRequest(headers=headers, body=body)
    try:
        parsed = provider.parse(request, source_id="lms-1", now=NOW, zone=ZONE)
    except UnparseableBodyError:
        return None
    assert parsed.completions or parsed.ignored or parsed.rejected
    for message in parsed.completions:
        on_queue = json.loads(json.dumps(message.to_payload()).encode())
        assert parse_course_completion(on_queue, source=None, now=NOW, zone=ZONE, own_api=False) == message
    for part in parsed.rejected:
        json.loads(part.part.encode())
    assert len({message.event_id for message in parsed.completions}) == len(parsed.completions)
    return parsed


def refusal(check: Callable[[], None]) -> str | None:
    try:
        check()
    except SignatureRefusedError as exc:
        return exc.reason
    return None


@every_provider
@quietly
@given(body=st.binary(max_size=300), header=st.text(max_size=40))
def test_any_bytes_have_an_outcome_and_prove_nothing(sender: Sender, body: bytes, header: str) -> None:
    headers = dict.fromkeys(sender.request(sender.sample()).headers, header)
    outcome(sender, body, headers)
    storable_body(sender.provider, body)
    request = WebhookRequest(headers=headers, body=body, path_secret=header)
    assert refusal(lambda: get_provider(sender.provider).verify(request, [sender.secret], NOW))


@every_provider
@quietly
@given(data=st.data(), new=json_values)
def test_any_value_in_any_place_of_a_genuine_body_has_an_outcome(
    sender: Sender, data: st.DataObject, new: object
) -> None:
    body = sender.sample()
    changed = replaced(body, data.draw(st.sampled_from(places(body))), new)
    raw = as_bytes(changed)
    outcome(sender, raw, sender.request(sender.sample()).headers)  # type: ignore[arg-type]
    storable_body(sender.provider, raw)
