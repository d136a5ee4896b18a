"""The only place that spells an attribute: entities to items and back. `from_item(to_item(x)) == x` is tested.

Items carry `entity` and `schema_version`; absent, empty and default values are left out, which keeps them small.
"""
