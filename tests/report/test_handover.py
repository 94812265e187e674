"""The note for who is on call next."""

from aiops.domain.incidents import Decision, IncidentState, Severity
from aiops.report.handover import handover
from tests import builders
from tests.builders import minute
from tests.notify.stories import incident, resolved


def test_it_says_what_is_open_what_is_watched_what_is_over_and_what_changed() -> None:
    note = handover(
        [
            resolved(id="INC-3"),
            resolved(
                id="INC-5",
                state=IncidentState.RESOLVED,
                resolved_at=minute(110),
                fixed_by="roll back 2026.04.18-3",
            ),
            incident(id="INC-2", severity=Severity.P2, causes=(), runbook_id=None),
            incident(id="INC-1", acknowledged_by="ann", alerted=(minute(4),)),
            incident(id="INC-4", merged_into="INC-1"),
        ],
        [builders.change()],
        minute(-60),
        minute(120),
    )
    assert note == (
        "# Hand-over, 2026-04-18 09:00 to 2026-04-18 12:00 UTC\n\n"
        "Calls: 1. Open: 2. Watched: 1. Over: 1.\n\n"
        "## Open\n\n"
        "- INC-1 (P1) EU checkout failures after payment-service deploy; for 1 h 57 min; "
        "ann is on it; likely cause payment-service; RB-17\n"
        "- INC-2 (P2) EU checkout failures after payment-service deploy; for 1 h 57 min; "
        "nobody has taken it; cause unknown\n\n"
        "## Quiet, still watched\n\n"
        "- INC-3 (P1) EU checkout failures after payment-service deploy\n\n"
        "## Over in this turn\n\n"
        "- INC-5 (P1) EU checkout failures after payment-service deploy; lasted 38 min; "
        "fixed by roll back 2026.04.18-3\n\n"
        "## Changed lately\n\n"
        "- 18 Apr 10:01 UTC deploy 2026.04.18-3 of payment-service\n"
    )


def test_a_quiet_turn_is_told_in_two_lines() -> None:
    note = handover([], [], minute(0), minute(60))
    assert note.splitlines()[-1] == "Calls: 0. Open: 0. Watched: 0. Over: 0."


def test_long_lists_are_cut_and_a_ticket_is_told_as_one() -> None:
    many = [
        resolved(id=f"INC-{number}", resolved_at=minute(90), decision=Decision.TICKET)
        for number in range(30)
    ]
    note = handover(many, [], minute(0), minute(120))
    assert "… and 10 more" in note
    assert "nobody was called" in note
