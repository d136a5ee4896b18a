"""All users, all organizations, all holders of a certification: keys from the indexes, in pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import directory as items
from certification.adapters.dynamodb.table import Item, Key, Query, Table
from certification.domain.model import Holder, HolderType, Organization, User
from certification.domain.ports import Slice, StartKey

_LISTINGS = {HolderType.USER: keys.USERS, HolderType.ORGANIZATION: keys.ORGANIZATIONS}


class DynamoDBHolderLists:
    """Implements the port `HolderLists`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def profiles(self, holders: Iterable[Holder]) -> Mapping[Holder, User | Organization]:
        wanted = [Key(keys.holder_pk(holder), keys.PROFILE) for holder in holders]
        found = self._table.get_many(wanted, consistent=True)
        return {keys.holder_of(key.pk): _profile(item) for key, item in found.items()}

    def course_ids(self) -> list[str]:
        found = self._table.query_all(Query(pk=keys.COURSES, index="listing"))
        return [item["course_id"] for item in found]

    def holders(self, holder_type: HolderType, *, limit: int, start: StartKey | None = None) -> Slice[Holder]:
        return self._page(Query(pk=_LISTINGS[holder_type], index="listing", limit=limit, start=start))

    def holders_of_certification(
        self, certification_id: str, *, limit: int, start: StartKey | None = None
    ) -> Slice[Holder]:
        parent = keys.certification_parent(certification_id)
        return self._page(Query(pk=parent, index="parent", limit=limit, start=start))

    def _page(self, query: Query) -> Slice[Holder]:
        page = self._table.query(query)
        return Slice(items=tuple(keys.holder_of(item["pk"]) for item in page.items), next=page.next)


def _profile(item: Item) -> User | Organization:
    return items.user_from_item(item) if item["entity"] == items.USER else items.organization_from_item(item)
