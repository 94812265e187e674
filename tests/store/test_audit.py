from dataclasses import replace

from sqlalchemy import Engine

from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry, AuditLog
from tests.builders import minute

ENTRY = AuditEntry(at=minute(0), actor="ann", action="replay", subject="12", detail="why not")


def test_entries_come_back_newest_first_and_by_subject(aiops: Engine) -> None:
    log = AuditLog(aiops)
    later = replace(ENTRY, subject="INC-1", origin=Origin.DRILL)
    log.append(ENTRY)
    log.append(later)
    assert log.entries() == (later, ENTRY)
    assert log.entries(limit=1) == (later,)
    assert log.entries(subject="12") == (ENTRY,)
