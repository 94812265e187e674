"""A person's word that nobody is to be told of something for a while: stored and audited."""

from collections.abc import Sequence
from datetime import datetime

from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident
from aiops.domain.silences import Silence, check_silence, parse_matcher
from aiops.domain.words import Place
from aiops.notify.phrases import clean
from aiops.route.silence import is_covered
from aiops.store.audit import AuditEntry
from workers.wiring import Parts

_NAME_CHARACTERS = 80
_WORDS_CHARACTERS = 500
_LOOKED_AT = 1000


def silence(
    parts: Parts,
    matchers: Sequence[str],
    *,
    ends_at: datetime,
    by: str,
    why: str,
    starts_at: datetime | None = None,
    place: str = Place.COMMAND_LINE,
) -> Silence:
    """Silence what some matchers hold for, from now on or from a later moment.

    What people were told of before is followed to its end; what is still alive when the silence
    ends is told then.

    Args:
        parts: of this installation.
        matchers: as in `service=checkout`; all have to hold, of each symptom that is open.
        ends_at: until when, aware UTC.
        by: who says so.
        why: in their words; others will read it.
        starts_at: from when on, aware UTC; None: now.
        place: where they said it, for the audit log.

    Raises:
        InputError: a matcher is none, it would hold for everything, nobody says why, or it ends
            too early or too late.
    """
    now, origin = parts.clock.now(), parts.settings.origin
    author, reason = _said(by, why)
    wanted = Silence(
        matchers=tuple(parse_matcher(one) for one in matchers),
        starts_at=max(starts_at or now, now),
        ends_at=ends_at,
        author=author,
        why=reason,
        created_at=now,
    )
    check_silence(wanted, now)

    def entry(stored: Silence) -> AuditEntry:
        what = ", ".join(str(one) for one in stored.matchers)
        when = f"{stored.starts_at:%d %b %H:%M} to {stored.ends_at:%d %b %H:%M} UTC"
        detail = f"{what} from {when}: {reason} (said on {place})"
        return AuditEntry(
            at=now, actor=author, action="silence", subject=stored.id, detail=detail, origin=origin
        )

    return parts.silences.add(wanted, entry)


def expire(
    parts: Parts, silence_id: str, *, by: str, why: str = "", place: str = Place.COMMAND_LINE
) -> Silence:
    """End a silence now; what is still alive is told at the next tick.

    Raises:
        InputError: there is no such silence, or it is over, or nobody says so.
    """
    author, reason = _said(by, why or "no reason given")
    entry = AuditEntry(
        at=parts.clock.now(),
        actor=author,
        action="expire silence",
        subject=silence_id,
        detail=f"{reason} (said on {place})",
        origin=parts.settings.origin,
    )
    return parts.silences.expire(silence_id, entry)


def covered_now(parts: Parts, silence: Silence) -> tuple[Incident, ...]:
    """Return the incidents that are open now and that a silence is about."""
    recent = parts.incidents.recent(_LOOKED_AT)
    return tuple(one for one in recent if one.is_live and is_covered(one, silence.matchers))


def _said(by: str, why: str) -> tuple[str, str]:
    author, reason = clean(by, _NAME_CHARACTERS), clean(why, _WORDS_CHARACTERS)
    if not author or not reason:
        raise InputError("say who you are and why: it is what others will read of the silence")
    return author, reason
