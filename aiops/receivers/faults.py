"""Forced answers: what a sink does on a bad day, so that senders can be tested against it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from aiops.domain.errors import InputError


class FaultKind(StrEnum):
    """How a request goes wrong."""

    STATUS = "status"
    """It is refused with a status and not acted on."""
    GARBAGE = "garbage"
    """It is not acted on; the answer is a 200 with a body nobody can read."""
    HANG = "hang"
    """It is acted on, and the answer comes only after `seconds`."""
    CUT_BEFORE = "cut_before"
    """The connection is cut and the request is not acted on."""
    CUT_AFTER = "cut_after"
    """It is acted on, and the connection is cut instead of an answer."""

    @property
    def acts(self) -> bool:
        """Return whether the receiver still acts on the request."""
        return self in {FaultKind.HANG, FaultKind.CUT_AFTER}

    @property
    def cuts(self) -> bool:
        """Return whether the sender sees its connection cut."""
        return self in {FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the next requests on a path.

    Args:
        kind: how they go wrong.
        path: whose requests; "*" means every one.
        method: only those of this method; "*" means every one.
        times: how many requests, at least 1.
        status: the HTTP status of `FaultKind.STATUS`.
        retry_after_seconds: sent with a 429.
        seconds: how long the receiver waits before it answers or cuts.

    Raises:
        InputError: a number is outside its range.

    Examples:
        >>> Fault(kind=FaultKind.STATUS, status=429, times=2).path
        '*'
    """

    kind: FaultKind
    path: str = "*"
    times: int = 1
    status: int = 500
    retry_after_seconds: int = 1
    seconds: float = 0.0
    method: str = "*"

    def __post_init__(self) -> None:
        if self.times < 1:
            raise InputError(f"a fault's times is {self.times}; expected at least 1")
        if not 400 <= self.status <= 599:
            raise InputError(f"a fault's status is {self.status}; expected 400 to 599")
        if not 0 <= self.seconds <= 600:
            raise InputError(f"a fault's seconds is {self.seconds}; expected 0 to 600")


class FaultPlan:
    """The faults still to come, taken in order; a request meets the first that names its path.

    Examples:
        >>> plan = FaultPlan([Fault(kind=FaultKind.GARBAGE, path="/v2/enqueue")])
        >>> plan.take("/v2/enqueue").kind
        <FaultKind.GARBAGE: 'garbage'>
        >>> plan.take("/v2/enqueue") is None
        True
    """

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending: tuple[Fault, ...] = tuple(faults)

    @property
    def pending(self) -> tuple[Fault, ...]:
        """Return the faults that have not been used up."""
        return self._pending

    def add(self, *faults: Fault) -> None:
        """Append faults behind those still pending."""
        self._pending += faults

    def clear(self) -> None:
        """Forget every pending fault: the sink is well again."""
        self._pending = ()

    def take(self, path: str, method: str = "POST") -> Fault | None:
        """Return the fault the next request on `path` meets and count it as used, or None."""
        for index, fault in enumerate(self._pending):
            if fault.path in {"*", path} and fault.method in {"*", method}:
                left = (replace(fault, times=fault.times - 1),) if fault.times > 1 else ()
                self._pending = self._pending[:index] + left + self._pending[index + 1 :]
                return fault
        return None

    def to_json(self) -> list[dict[str, Any]]:
        """Return the pending faults as JSON values, in the form `parse_faults` reads."""
        return [asdict(fault) for fault in self._pending]


def parse_faults(content: object) -> tuple[Fault, ...]:
    """Return the faults of a `POST /_faults` body.

    Args:
        content: `{"faults": [{"kind": "status", "path": "/v2/enqueue", "status": 500}]}`.

    Raises:
        InputError: something is not of that form; the message names it.
    """
    entries = content.get("faults") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        raise InputError('expected {"faults": [{"kind": …, "path": …, "times": …}]}')
    return tuple(_fault(index, entry) for index, entry in enumerate(entries))


def _fault(index: int, entry: object) -> Fault:
    known = {field.name for field in fields(Fault)}
    if not isinstance(entry, Mapping) or not set(entry) <= known:
        raise InputError(f"faults[{index}]: expected an object with keys among {sorted(known)}")
    try:
        return Fault(**{**entry, "kind": FaultKind(str(entry.get("kind")))})
    except (TypeError, ValueError) as error:
        raise InputError(f"faults[{index}]: {error}") from error
