"""`template.yaml` as data: what the tests build their table from, and what they check."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template.yaml"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref x` reads `{"Ref": "x"}`, `!Sub x` `{"Fn::Sub": "x"}`."""


def _construct(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


_Loader.add_multi_constructor("!", _construct)


def _expanded(resources: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The resources with each `Fn::ForEach` written out, as the AWS::LanguageExtensions transform does."""
    for name, body in resources.items():
        if not name.startswith("Fn::ForEach::"):
            yield name, body
            continue
        variable, values, bodies = body
        for value in values:
            yield from _substituted(bodies, variable, value).items()


def _substituted(part: Any, variable: str, value: str) -> Any:
    if isinstance(part, str):
        return part.replace("${" + variable + "}", value)
    if isinstance(part, list):
        return [_substituted(each, variable, value) for each in part]
    if isinstance(part, dict):
        return {
            key.replace("${" + variable + "}", value): _substituted(each, variable, value)
            for key, each in part.items()
        }
    return part


@cache
def _template() -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader=_Loader)
    template["Resources"] = dict(_expanded(template["Resources"]))
    return template


def load_template() -> dict[str, Any]:
    """The whole template, loops expanded; the caller's own copy."""
    return deepcopy(_template())


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of one type by logical id."""
    return {name: each for name, each in load_template()["Resources"].items() if each["Type"] == kind}


def create_table_arguments(table_name: str = "table") -> dict[str, Any]:
    """The arguments of boto3's `create_table` for the table that `template.yaml` declares."""
    declared = resources("AWS::DynamoDB::Table")["Table"]["Properties"]
    taken = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    stream = {"StreamEnabled": True, **declared["StreamSpecification"]}
    return {
        "TableName": table_name,
        "StreamSpecification": stream,
        **{name: declared[name] for name in taken},
    }


def time_to_live_attribute() -> str:
    """The attribute by which items leave on their own."""
    attribute: str = resources("AWS::DynamoDB::Table")["Table"]["Properties"]["TimeToLiveSpecification"][
        "AttributeName"
    ]
    return attribute
