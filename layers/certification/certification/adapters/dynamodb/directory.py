"""Courses, organizations and users, with the rows by which outside names lead to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from certification.adapters.dynamodb import keys
from certification.adapters.dynamodb.items import directory as items
from certification.adapters.dynamodb.table import (
    Absent,
    AnyOf,
    Condition,
    Delete,
    Equals,
    Item,
    Key,
    Put,
    Query,
    Table,
    TransactionFailedError,
    Write,
)
from certification.domain.errors import ChangedMeanwhileError, ConflictError, FieldError
from certification.domain.model import Course, Identity, Organization, User
from certification.domain.ports import Slice, StartKey


class DynamoDBDirectory:
    """Implements the port `Directory`."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def course(self, course_id: str) -> Course | None:
        item = self._table.get(keys.course(course_id))
        return items.course_from_item(item) if item else None

    def courses(self, course_ids: Iterable[str]) -> Mapping[str, Course]:
        found = self._table.get_many([keys.course(c) for c in set(course_ids)], consistent=True)
        return {item["course_id"]: items.course_from_item(item) for item in found.values()}

    def organization(self, organization_id: str) -> Organization | None:
        item = self._table.get(keys.organization(organization_id))
        return items.organization_from_item(item) if item else None

    def user(self, user_id: str) -> User | None:
        item = self._table.get(keys.user(user_id))
        return items.user_from_item(item) if item else None

    def users(self, user_ids: Iterable[str]) -> Mapping[str, User]:
        found = self._table.get_many([keys.user(u) for u in set(user_ids)])
        return {item["user_id"]: items.user_from_item(item) for item in found.values()}

    def user_ids(
        self, identities: Iterable[Identity], emails: Iterable[str]
    ) -> tuple[Mapping[Identity, str], Mapping[str, str]]:
        by_identity = {identity: keys.identity(identity) for identity in set(identities)}
        by_email = {email: keys.email(email) for email in set(emails)}
        wanted = [*by_identity.values(), *by_email.values()]
        found = self._table.get_many(wanted, consistent=True) if wanted else {}
        return (
            {identity: found[key]["user_id"] for identity, key in by_identity.items() if key in found},
            {email: found[key]["user_id"] for email, key in by_email.items() if key in found},
        )

    def course_ids(self, identities: Iterable[Identity]) -> Mapping[Identity, str]:
        wanted = {identity: keys.course_identity(identity) for identity in set(identities)}
        found = self._table.get_many(wanted.values(), consistent=True) if wanted else {}
        return {identity: found[key]["course_id"] for identity, key in wanted.items() if key in found}

    def members(self, organization_id: str, *, limit: int, start: StartKey | None = None) -> Slice[str]:
        parent = keys.organization_parent(organization_id)
        page = self._table.query(Query(pk=parent, index="parent", limit=limit, start=start))
        return Slice(items=tuple(keys.holder_of(item["pk"]).id for item in page.items), next=page.next)

    def course_page(self, *, limit: int, start: StartKey | None = None) -> Slice[Course]:
        found, following = self._page(keys.COURSES, limit, start)
        return Slice(items=tuple(items.course_from_item(item) for item in found), next=following)

    def organization_page(self, *, limit: int, start: StartKey | None = None) -> Slice[Organization]:
        found, following = self._page(keys.ORGANIZATIONS, limit, start)
        return Slice(items=tuple(items.organization_from_item(item) for item in found), next=following)

    def user_page(self, *, limit: int, start: StartKey | None = None) -> Slice[User]:
        found, following = self._page(keys.USERS, limit, start)
        return Slice(items=tuple(items.user_from_item(item) for item in found), next=following)

    def _page(
        self, listing: str, limit: int, start: StartKey | None
    ) -> tuple[Sequence[Item], StartKey | None]:
        page = self._table.query(Query(pk=listing, index="listing", limit=limit, start=start))
        return page.items, page.next

    def save_course(self, course: Course, *, previous: Course | None) -> None:
        before = previous.identities if previous else frozenset()
        claims = {
            keys.course_identity(i): items.course_identity_to_item(i, course.course_id)
            for i in course.identities
        }
        gone = [keys.course_identity(i) for i in before - course.identities]
        put = Put(items.course_to_item(course), _unchanged(previous))
        self._save(put, claims, gone, owner=("course_id", course.course_id), names=_named(course.identities))

    def save_organization(self, organization: Organization, *, previous: Organization | None) -> None:
        put = Put(items.organization_to_item(organization), _unchanged(previous))
        self._save(put, {}, [], owner=("organization_id", organization.organization_id), names={})

    def save_user(self, user: User, *, previous: User | None) -> None:
        before = previous.identities if previous else frozenset()
        claims = {keys.identity(i): items.identity_to_item(i, user.user_id) for i in user.identities}
        names = _named(user.identities)
        gone = [keys.identity(i) for i in before - user.identities]
        if user.email:
            claims[keys.email(user.email)] = items.email_to_item(user.email, user.user_id)
            names[keys.email(user.email)] = FieldError(
                pointer="/email", code="email_taken", message="Another user has this e-mail address."
            )
        if previous is not None and previous.email and keys.email(previous.email) not in claims:
            gone.append(keys.email(previous.email))
        put = Put(items.user_to_item(user), _unchanged(previous))
        self._save(put, claims, gone, owner=("user_id", user.user_id), names=names)

    def delete_course(self, course: Course) -> None:
        rows = [keys.course_identity(identity) for identity in course.identities]
        self._delete(Delete(keys.course(course.course_id), Equals("revision", course.revision)), rows)

    def delete_organization(self, organization: Organization) -> None:
        key = keys.organization(organization.organization_id)
        self._delete(Delete(key, Equals("revision", organization.revision)), [])

    def delete_user(self, user: User) -> None:
        rows = [keys.identity(identity) for identity in user.identities]
        if user.email:
            rows.append(keys.email(user.email))
        self._delete(Delete(keys.user(user.user_id), Equals("revision", user.revision)), rows)

    def _save(
        self,
        put: Put,
        claims: Mapping[Key, Item],
        gone: Iterable[Key],
        *,
        owner: tuple[str, str],
        names: Mapping[Key, FieldError],
    ) -> None:
        """The profile and the rows that lead to it, all or nothing; a row is taken only where nobody else has it."""
        mine = AnyOf((Absent(), Equals(*owner)))
        claimed = [Put(item, mine) for item in claims.values()]
        writes: list[Write] = [put, *claimed, *(Delete(key, mine) for key in gone)]
        try:
            self._table.write_together(writes)
        except TransactionFailedError as exc:
            taken = [key for index, key in enumerate(claims, start=1) if exc.condition_failed(index)]
            if taken:
                raise ConflictError(
                    "something else is known under this already",
                    errors=tuple(names[key] for key in taken),
                    code="identity-taken",
                ) from exc
            raise ChangedMeanwhileError("it was changed meanwhile") from exc

    def _delete(self, delete: Delete, rows: Iterable[Key]) -> None:
        try:
            self._table.write_together([delete, *(Delete(key) for key in rows)])
        except TransactionFailedError as exc:
            raise ChangedMeanwhileError("it was changed meanwhile") from exc


def _unchanged(previous: Course | Organization | User | None) -> Condition:
    return Absent() if previous is None else Equals("revision", previous.revision)


def _named(identities: Iterable[Identity]) -> dict[Key, FieldError]:
    """What to say where an identity is taken, for users and courses alike."""
    named = {}
    for identity in identities:
        words = f"{identity.external_id!r} of {identity.source!r} belongs to something else."
        error = FieldError(pointer="/identities", code="identity_taken", message=words)
        named[keys.identity(identity)] = named[keys.course_identity(identity)] = error
    return named
