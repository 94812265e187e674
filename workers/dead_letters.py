"""Bodies that could not be read: worked again once whoever runs us has mended why."""

from collections.abc import Mapping
from typing import Final

from aiops.domain.errors import InputError
from aiops.store.accepted import SHOWN_BYTES, WHOLE_BYTES
from aiops.store.alerts import BODY_SOURCE
from aiops.store.dead_letters import DeadLetter
from workers import alerts, change_reports
from workers.wiring import Parts

SOURCES: Final = (BODY_SOURCE, change_reports.BODY_SOURCE)
"""What the sources of bodies begin with that can be worked again."""


def replay(parts: Parts, letter_id: int) -> str:
    """Work a dead letter again, by the settings of now; return what was done.

    Alerts are left to the next sweep of the workers, a second at most: this may run in a process
    that knows of no queue.

    Raises:
        InputError: there is none of that number, not all of it is kept, or it still cannot be read.
    """
    letter = parts.dead_letters.get(letter_id)
    if letter is None:
        raise InputError(
            f"there is no dead letter {letter_id}: `aiops signals dead-letters` lists them"
        )
    if not letter.body.source.startswith(SOURCES):
        raise InputError(
            f"dead letter {letter_id} tells neither of alerts nor of changes: its sender has to"
            " send it again"
        )
    if not letter.is_whole:
        raise InputError(
            f"of dead letter {letter_id} only the first {SHOWN_BYTES:,} bytes are kept, for it had"
            f" more than {WHOLE_BYTES:,}: have its sender send it again"
        )
    try:
        said = _work(parts, letter)
    except InputError as error:
        raise InputError(f"dead letter {letter_id} still cannot be read: {error}") from error
    return f"dead letter {letter_id}: {said}"


def _work(parts: Parts, letter: DeadLetter) -> str:
    body = letter.body
    if not body.source.startswith(BODY_SOURCE):
        told = _report_again(parts, letter)
        parts.dead_letters.revive(letter.id)
        parts.bodies.done(letter.id)
        return f"{told['accepted']} changes recorded"
    source = body.source.removeprefix(BODY_SOURCE)
    found = alerts.parse(parts, source, body.body, body.received_at)
    if not parts.dead_letters.revive(letter.id):
        raise InputError("somebody else has worked it meanwhile")
    return f"{len(found.reports)} alerts of {source} accepted"


def _report_again(parts: Parts, letter: DeadLetter) -> Mapping[str, object]:
    name = letter.body.source.removeprefix(change_reports.BODY_SOURCE)
    source = next((one for one in parts.settings.change_sources if one.name == name), None)
    if source is None:
        raise InputError(f"there is no source {name!r} of changes in aiops.yaml any more")
    headers = change_reports.headers_of(letter.body.content_type)
    return change_reports.receive(parts, source, letter.body.body, headers)
