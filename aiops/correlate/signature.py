"""What a problem looked like, as a set of words that can be compared with earlier problems."""

import math
from collections.abc import Iterable, Mapping

from aiops.domain.changes import Change
from aiops.domain.symptoms import Symptom, SymptomState

COHORT_WEIGHT = 0.5
"""What a region or segment counts: the same fault elsewhere is still mostly the same pattern."""

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


def vector(tokens: Iterable[str]) -> dict[str, float]:
    """Return a signature as a sparse vector of unit length, whatever change was behind it.

    A service counts by itself too, so that one sick in another way is half the same. The change
    is left out because it is what a comparison wants to find out. Weights are fixed, not learnt:
    the same two problems are equally alike on every day and in every installation.

    Examples:
        >>> vector(("a|errors|up", "change:deploy"))
        {'a': 0.7071067811865475, 'a|errors|up': 0.7071067811865475}
        >>> vector(())
        {}
    """
    weights: dict[str, float] = {}
    for token in sorted(set(tokens)):
        if token.startswith(_CHANGE):
            continue
        service, seen, _ = token.partition("|")
        if seen:
            weights[service] = weights[token] = 1.0
        else:
            weights[token] = COHORT_WEIGHT
    length = math.sqrt(math.fsum(weight * weight for weight in weights.values()))
    return {token: weight / length for token, weight in weights.items()}


def similarity(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Return the cosine similarity of two vectors, in [0, 1].

    Of what is seen at first of a larger problem it is higher than a share of the whole would be:
    a quarter of the tokens is half alike. So a pattern is recognised while it unfolds.

    Examples:
        >>> round(similarity(vector(("a|errors|up", "b|latency|up")), vector(("a|errors|up",))), 3)
        0.707
    """
    return math.fsum(weight * second[token] for token, weight in first.items() if token in second)
