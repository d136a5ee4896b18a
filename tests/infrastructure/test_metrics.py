"""What the alarms and the dashboard watch is what the code counts."""

from __future__ import annotations

import ast
import re

from template import ROOT, resources

ALARMS = resources("AWS::CloudWatch::Alarm")


def emitted_metrics() -> set[str]:
    """Each constant that the code gives to a metric, by what it looks like: CamelCase in a string."""
    found = set()
    for path in [*(ROOT / "layers/certification").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value[:1].isupper():
                found.add(node.value)
    return found


def test_every_business_metric_of_an_alarm_or_the_dashboard_is_emitted() -> None:
    of_alarms = {
        each["Properties"]["MetricName"]
        for each in ALARMS.values()
        if each["Properties"]["Namespace"] == "PartnerCertification"
    }
    body = resources("AWS::CloudWatch::Dashboard")["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    of_dashboard = set(re.findall(r'"PartnerCertification","(\w+)"', body))
    assert of_alarms
    assert (of_alarms | of_dashboard) - emitted_metrics() == set()
