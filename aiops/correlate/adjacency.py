"""Joined by the topology: one service, or a call between two sick ones."""

from itertools import combinations

from aiops.correlate.relations import (
    SAME_ROOT_SECONDS,
    apart,
    concurrent,
    load_travels,
    share_cohort,
    trouble_travels,
)
from aiops.correlate.scene import Scene
from aiops.domain.incidents import Clause


def join_same_service(scene: Scene) -> None:
    """Join what shows on one service in compatible cohorts."""
    for service, places in scene.sick.items():
        for a, b in combinations(places, 2):
            first, second = scene.bundles[a], scene.bundles[b]
            if share_cohort(first, second) and concurrent(
                first, second, scene.policy, same_place=True
            ):
                scene.links.join(a, b, Clause(text=f"all on {service}", source=second.id))


def join_adjacent(scene: Scene) -> None:
    """Join sick services that call each other, in a direction in which trouble or load travels.

    A service that everyone shares shows the trouble of every system behind it, and would make one
    of them all: it joins the one that explains it best.
    """
    behind: dict[int, tuple[bool, float, float, int]] = {}
    for a, b in scene.sick_calls:
        caller, callee = scene.bundles[a], scene.bundles[b]
        if trouble_travels(callee, caller):
            if scene.calls.is_shared_by_all(caller.service):
                is_far = callee.service not in scene.calls.callees(caller.service)
                offer = (is_far, apart(caller, callee), -callee.strength, b)
                behind[a] = min(behind.get(a, offer), offer)
                continue
            _join_to_cause(scene, a, b)
        elif load_travels(caller, callee):
            text = f"{caller.service} calls on {callee.service}, so its load reaches it"
            scene.links.join(a, b, Clause(text=text, source=callee.id))
    for a, (_, _, _, b) in behind.items():
        _join_to_cause(scene, a, b)


def _join_to_cause(scene: Scene, a: int, b: int) -> None:
    caller, callee = scene.bundles[a], scene.bundles[b]
    text = f"{caller.service} depends on {callee.service}, whose trouble reaches it"
    scene.links.join(a, b, Clause(text=text, source=caller.id))


def join_same_root(scene: Scene) -> None:
    """Join cohorts of a service in which the same thing began together and nothing lies below.

    A fault of the service itself shows in each of its regions. A service above several faults
    shows them too, but then something it calls is sick, and the faults stay apart.
    """
    pushed = scene.pushed
    for service, places in scene.sick.items():
        roots = [place for place in places if place not in pushed]
        for a, b in combinations(roots, 2):
            first, second = scene.bundles[a], scene.bundles[b]
            alike = first.env == second.env and first.signs & second.signs
            if alike and apart(first, second) <= SAME_ROOT_SECONDS:
                text = f"the same began on {service} in several cohorts, and nothing below is sick"
                scene.links.join(a, b, Clause(text=text, source=second.id))
