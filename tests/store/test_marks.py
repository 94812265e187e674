"""Marks on series, and what a fit asks of incidents, on both databases."""

from dataclasses import replace

from sqlalchemy import Engine

from aiops.domain.marks import Mark, MarkKind
from aiops.domain.symptoms import Origin
from aiops.store.audit import AuditEntry, AuditLog
from aiops.store.marks import MarkStore
from tests.builders import minute

MARK = Mark(
    service="checkout", metric="error_ratio", kind=MarkKind.NOISY, at=minute(1), by="ann", why="x"
)
BY_ANN = AuditEntry(at=minute(1), actor="ann", action="call noise", subject="INC-1")


def test_marks_come_back_in_the_order_they_were_set(aiops: Engine) -> None:
    store = MarkStore(aiops)
    later = replace(MARK, kind=MarkKind.NONE, at=minute(0), until=minute(9))
    store.append([MARK, later], BY_ANN)
    store.append([MARK], BY_ANN)
    assert store.all() == (MARK, later, MARK)
    assert len(AuditLog(aiops).entries(subject="INC-1")) == 2


def test_the_version_grows_with_every_mark_and_with_nothing_else(aiops: Engine) -> None:
    store = MarkStore(aiops)
    assert store.version() == 0
    store.append([], BY_ANN)
    assert store.version() == 0
    store.append([MARK], BY_ANN)
    first = store.version()
    store.append([MARK], BY_ANN)
    assert store.version() > first > 0


def test_a_drills_marks_are_not_given_out_for_live(aiops: Engine) -> None:
    MarkStore(aiops).append([MARK], replace(BY_ANN, origin=Origin.DRILL))
    assert MarkStore(aiops).all() == ()
    assert MarkStore(aiops, origins={Origin.DRILL}).all() == (MARK,)
