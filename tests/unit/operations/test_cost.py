"""What the documentation says that it costs is what `make cost` computes."""

from __future__ import annotations

import pytest
from scripts.cost import ALARMS, METRIC, METRICS, MILLION, SQS_REQUEST, Usage, lines, table

from template import ROOT, resources


def test_documented_table_is_the_computed_one() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    documented = text.split("<!-- make cost -->\n")[1].split("\n<!-- end -->")[0]
    assert documented == table(Usage())


def test_sum_is_that_of_the_lines() -> None:
    usage = Usage(events=3 * MILLION, users=10_000)
    assert f"**{sum(line.dollars for line in lines(usage)):.2f}**" in table(usage)


def test_twice_the_events_cost_twice_as_much() -> None:
    once, twice = (sum(line.dollars for line in lines(Usage(events=n * MILLION))) for n in (1, 2))
    assert twice == pytest.approx(2 * once)


def test_awarding_costs_what_the_design_allows() -> None:
    [record] = [line for line in lines(Usage()) if line.what.startswith("Record and award")]
    assert record.dollars == pytest.approx(2.6 * 0.625)


def test_documented_number_of_alarms_is_the_templates() -> None:
    alarms = len(resources("AWS::CloudWatch::Alarm"))
    assert f"{alarms} alarms" in (ROOT / "docs" / "operations.md").read_text()
    assert alarms == ALARMS


def test_a_list_by_the_api_costs_what_the_documentation_says() -> None:
    """Without what only a webhook brings; of a list of ten messages, one is sent."""
    webhooks = ("HTTP API", "Lambda lms_webhook", "Raw cop", "Count of the source")
    kept = sum(line.dollars for line in lines(Usage()) if not line.what.startswith(webhooks))
    sends_saved = 0.9 * SQS_REQUEST
    assert f"about ${kept - sends_saved:.0f} a million" in (ROOT / "docs" / "operations.md").read_text()


def test_standing_still_costs_what_the_documentation_says() -> None:
    still = sum(line.dollars for line in lines(Usage(events=0, users=1)))
    quiet = still - METRICS * METRIC
    assert (
        f"${quiet:.0f} without traffic, ${still:.0f} with it" in (ROOT / "docs" / "operations.md").read_text()
    )
    assert f"${quiet:.0f} a month for standing still" in (ROOT / "README.md").read_text()
