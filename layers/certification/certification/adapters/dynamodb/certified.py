"""Who counts for which organization: one row for each member, written together with the user's own list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import connections as items
from certification.adapters.dynamodb.table import (
    Absent,
    Condition,
    Delete,
    Equals,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Update,
    Write,
)
from certification.domain.certified import Contribution, Membership
from certification.domain.errors import ChangedMeanwhileError
from certification.domain.model import Holder, HolderType

MOST_WRITES = 90


class DynamoDBCertified:
    """Implements the port `Certified`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def contribution(self, user_id: str) -> Contribution:
        item = self._table.get(keys.certified(Holder(type=HolderType.USER, id=user_id)))
        return items.contribution_from_item(user_id, item)

    def save(self, before: Contribution, memberships: frozenset[Membership]) -> Contribution:
        gone = before.memberships - memberships
        new = sorted(memberships - before.memberships, key=str)[:MOST_WRITES]
        dropped = sorted(gone, key=str)[: MOST_WRITES - len(new)]
        after = Contribution(
            user_id=before.user_id,
            memberships=(before.memberships - frozenset(dropped)) | frozenset(new),
            unmarked=before.unmarked | {m.organization_id for m in (*new, *dropped)},
            revision=before.revision + 1,
        )
        own = Put(items.contribution_to_item(after), _unchanged(before))
        try:
            self._table.write_together([own, *_members(after, new, dropped)])
        except TransactionFailedError as exc:
            raise ChangedMeanwhileError("the user's contribution was written by somebody else") from exc
        return after

    def marked(self, contributions: Sequence[Contribution]) -> None:
        updates = [
            Update(
                key=keys.certified(Holder(type=HolderType.USER, id=c.user_id)),
                remove=("unmarked",),
                condition=Equals("revision", c.revision),
            )
            for c in contributions
        ]
        self._table.write_each(updates)

    def members(self, organization_id: str, certification_id: str) -> Iterable[Membership]:
        query = Query(pk=keys.certified_pk(organization_id, certification_id), consistent=True)
        return (items.member_from_item(item) for item in self._table.query_all(query))


def _unchanged(before: Contribution) -> Condition:
    return Equals("revision", before.revision) if before.revision else Absent()


def _members(after: Contribution, new: list[Membership], dropped: list[Membership]) -> list[Write]:
    """A membership whose days changed is both new and dropped: then the put is all."""
    puts: list[Write] = [Put(items.member_to_item(after.user_id, membership)) for membership in new]
    kept = {(m.organization_id, m.certification_id) for m in after.memberships}
    gone = {(m.organization_id, m.certification_id) for m in dropped} - kept
    return puts + [Delete(keys.certified_member(org, cert, after.user_id)) for org, cert in sorted(gone)]
