"""One holder's cycles of one certification, under decisions of the pure rules: no table, no services."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from builders import TODAY, certification, course_completion, user
from certification.domain.decisions import change_expiration, reinstate, revoke
from certification.domain.errors import ConflictError, InvalidError
from certification.domain.evaluation import Award, Facts, Moment, Nothing, evaluate
from certification.domain.hand_awards import Decided, HandAward, Mode, Standing, award_by_hand
from certification.domain.model import (
    CertificationCompletion,
    CourseCompletion,
    Holder,
    HolderType,
    Status,
)
from certification.domain.status import Due, next_due, status_on
from certification.domain.transitions import Awaiting, next_step

U1 = Holder(type=HolderType.USER, id="u-1")
MOST_DECISIONS = 20


class Life:
    """`today` is the civil date in UTC; every decision is made at noon, each a second after the one before."""

    def __init__(self, *courses: str, **definition: Any) -> None:
        self.certification = certification("cert-1", *courses, **definition)
        self.user = user()
        self.cycles: dict[int, CertificationCompletion] = {}
        self.learned: list[CourseCompletion] = []
        self.today = TODAY
        self._seconds = 0

    def moment(self, day: date | None = None) -> Moment:
        self._seconds += 1
        noon = datetime.combine(day or self.today, time(12), tzinfo=UTC)
        return Moment(now=noon + timedelta(seconds=self._seconds), today=day or self.today, actor="key:admin")

    def learn(self, *courses: str, on: date | None = None, score: float | None = None) -> Life:
        """Complete them at noon of that day; nothing is evaluated yet."""
        for course in courses:
            at = self.moment(on).now
            self.learned.append(course_completion(course, at, score=score))
        return self

    def facts(self) -> Facts:
        return Facts(
            certification=self.certification,
            user=self.user,
            organization=None,
            course_completions=self.learned,
            completions=list(self.cycles.values()),
        )

    def evaluate(self) -> str:
        """Decide and write until there is nothing more; why there is nothing more."""
        for _ in range(MOST_DECISIONS):
            decision = evaluate(self.facts(), self.moment())
            match decision:
                case Nothing(reason=reason):
                    return reason.code
                case Award(completion=made, continued=continued):
                    assert made.cycle not in self.cycles
                    self._put(made)
                    if continued is not None:
                        self._put(continued)
                case _:
                    self._put(decision.completion)
        raise AssertionError("the evaluation never says that there is nothing more")

    def award(self, completed_on: date | None = None, **wanted: Any) -> CertificationCompletion:
        award = HandAward(
            holder=U1, certification_id="cert-1", completion_date=completed_on or self.today, **wanted
        )
        standing = Standing(
            certification=self.certification,
            user=self.user,
            organization=None,
            cycles=list(self.cycles.values()),
            course_completions=self.learned,
        )
        return self._carry_out(award_by_hand(award, standing, self.moment()))

    def renew(self, completed_on: date | None = None, **wanted: Any) -> CertificationCompletion:
        return self.award(completed_on, mode=Mode.RENEW, **wanted)

    def replace(self, completed_on: date | None = None, **wanted: Any) -> CertificationCompletion:
        return self.award(completed_on, mode=Mode.REPLACE, **wanted)

    def revoke(self, cycle: int = 1) -> CertificationCompletion:
        completion, siblings = self._named(cycle)
        return self._carry_out(revoke(completion, siblings, self.moment(), reason="a mistake"))

    def reinstate(self, cycle: int = 1) -> CertificationCompletion:
        completion, siblings = self._named(cycle)
        return self._carry_out(reinstate(completion, siblings, self.moment(), reason="after all"))

    def change_end(self, end: date | None, cycle: int = 1) -> CertificationCompletion:
        completion, siblings = self._named(cycle)
        decided = change_expiration(
            completion, siblings, self.moment(), expiration_date=end, reason="because"
        )
        return self._carry_out(decided) if decided else completion

    def sweep(self, day: date | None = None) -> list[str]:
        """All that the sweep would do as of that day; the words for what it did."""
        done = []
        for cycle in sorted(self.cycles):
            due = self.due(cycle)
            while due is not None and due.on <= (day or self.today):
                awaiting = Awaiting(completion=self.cycles[cycle], due=due)
                step = next_step(awaiting, self.certification.reminders, self.moment(day), remindable=True)
                assert step is not None
                done.append(step.transition.value)
                self.cycles[cycle] = step.after
                due = self.due(cycle)
        return done

    def due(self, cycle: int = 1) -> Due | None:
        return next_due(self.cycles[cycle], self.certification.reminders)

    def status(self, on: date | None = None, cycle: int = 1) -> Status:
        return status_on(self.cycles[cycle], on=on or self.today, today=self.today)

    def active(self, on: date) -> list[int]:
        """The cycles that a reader of today sees active on that day."""
        return [c for c in sorted(self.cycles) if self.status(on, c) is Status.ACTIVE]

    def turning_days(self) -> list[date]:
        """Days around every date on any cycle: between them no status changes."""
        days = {self.today}
        for c in self.cycles.values():
            days |= {c.completion_date, c.effective_date, c.expiration_date or self.today}
            days |= {c.superseded_on or self.today, *(change.on for change in c.changes)}
            days |= {change.previous_expiration_date or self.today for change in c.changes}
        return sorted({day + timedelta(days=n) for day in days for n in (-1, 0, 1)})

    def spans(self) -> list[tuple[str, str | None]]:
        """First and last day of each cycle."""
        return [
            (c.effective_date.isoformat(), c.expiration_date.isoformat() if c.expiration_date else None)
            for _, c in sorted(self.cycles.items())
        ]

    def tries(self, decision: str, *arguments: Any) -> str:
        """Carry a decision out where the rules allow it; the code of the refusal else."""
        try:
            outcome = getattr(self, decision)(*arguments)
        except KeyError:
            return "no such cycle"
        except (ConflictError, InvalidError) as exc:
            return exc.code
        return outcome if isinstance(outcome, str) else "done"

    def _named(self, cycle: int) -> tuple[CertificationCompletion, tuple[CertificationCompletion, ...]]:
        return self.cycles[cycle], tuple(c for n, c in self.cycles.items() if n != cycle)

    def _carry_out(self, decided: Decided) -> CertificationCompletion:
        for completion in (decided.completion, *decided.changed):
            self._put(completion)
        return decided.completion

    def _put(self, completion: CertificationCompletion) -> None:
        before = self.cycles.get(completion.cycle)
        assert completion.revision == (before.revision + 1 if before else 1)
        self.cycles[completion.cycle] = completion


def day(text: str) -> date:
    return date.fromisoformat(text)
