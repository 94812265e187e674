"""What a problem looked like, as a set of words that can be compared with earlier problems."""

from collections.abc import Iterable

from aiops.domain.changes import Change
from aiops.domain.symptoms import Symptom, SymptomState

_CHANGE = "change:"


def signature(symptoms: Iterable[Symptom], change: Change | None) -> tuple[str, ...]:
    """Return the sorted tokens of what was seen: services, families, directions, cohort, change.

    Times, strengths and metric names are left out: the next time they differ.

    Args:
        symptoms: members of one problem, in any order; withdrawn ones do not count.
        change: the change behind it, if one was found.

    Returns:
        Tokens such as `checkout|errors|up`, `region:EU`, `segment:premium`, `change:deploy`.
    """
    tokens: set[str] = set()
    for symptom in symptoms:
        if symptom.state is SymptomState.WITHDRAWN:
            continue
        tokens.add(f"{symptom.service}|{symptom.family}|{symptom.direction}")
        if symptom.region:
            tokens.add(f"region:{symptom.region}")
        if symptom.segment:
            tokens.add(f"segment:{symptom.segment}")
    if change is not None:
        tokens.add(f"{_CHANGE}{change.kind}")
    return tuple(sorted(tokens))


def similarity(first: Iterable[str], second: Iterable[str]) -> float:
    """Return the Jaccard similarity of two signatures, in [0, 1], whatever change was behind them.

    The change is left out because it is what a comparison wants to find out.

    Examples:
        >>> similarity(("a|errors|up", "b|latency|up"), ("a|errors|up", "change:deploy"))
        0.5
    """
    left = {token for token in first if not token.startswith(_CHANGE)}
    right = {token for token in second if not token.startswith(_CHANGE)}
    return len(left & right) / len(left | right) if left or right else 0.0
