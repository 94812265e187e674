"""Joined by something shared: a called service, a change, a silent source; or by time alone."""

from collections import defaultdict
from itertools import combinations, pairwise, product

from aiops.correlate.bundles import Nature
from aiops.correlate.relations import CLOSE_SECONDS, SAME_ROOT_SECONDS, apart, share_cohort
from aiops.correlate.scene import Scene
from aiops.domain.changes import Change
from aiops.domain.incidents import Clause
from aiops.domain.series import SeriesKey
from aiops.domain.symptoms import SymptomKind
from aiops.domain.time import clock_time
from topology.attributes import ServiceKind

BLIND_WINDOW_RATIO = 1 / 3
"""Without any topology time says everything, so less of it may pass: a third of the window."""


def join_same_peer(scene: Scene) -> None:
    """Join callers whose client-side metrics point to one service that they see failing."""
    seen_by: defaultdict[str, list[int]] = defaultdict(list)
    for places in scene.sick.values():
        for place in places:
            for peer in scene.bundles[place].peers:
                seen_by[peer].append(place)
    for peer, places in sorted(seen_by.items()):
        shared = scene.calls.service(peer).kind is ServiceKind.EXTERNAL
        for a, b in pairwise(sorted(places)):
            first, second = scene.bundles[a], scene.bundles[b]
            together = apart(first, second) <= SAME_ROOT_SECONDS
            if together and (shared or share_cohort(first, second)):
                text = f"{first.service} and {second.service} both see {peer} fail"
                scene.links.join(a, b, Clause(text=text, source=second.id))


def join_same_change(scene: Scene) -> None:
    """Join what one recent change reached: the changed service, and those that call it.

    All must fall ill together. Callers are reached through a changed service even when it shows
    nothing itself, but then only if nothing else below them is sick.
    """
    pushed = scene.pushed if scene.changes else frozenset()
    for change in scene.changes:
        own = [p for p in scene.sick.get(change.service, ()) if _reached(scene, p, change)]
        above = [
            place
            for caller in scene.calls.callers(change.service)
            for place in scene.sick.get(caller, ())
            if _reached(scene, place, change) and (own or place not in pushed)
        ]
        text = (
            f"reached by {change.kind} {change.ref} to {change.service} "
            f"at {clock_time(change.started_at)}"
        )
        reason = Clause(text=text, source=change.id)
        limit = SAME_ROOT_SECONDS if own else CLOSE_SECONDS
        for a, b in pairwise(sorted(own + above)):
            if apart(scene.bundles[a], scene.bundles[b]) <= limit:
                scene.links.join(a, b, reason)


def _reached(scene: Scene, place: int, change: Change) -> bool:
    bundle = scene.bundles[place]
    delay = bundle.first - change.started_at.timestamp()
    return (
        -60 <= delay <= scene.policy.window_seconds
        and bundle.env == change.env
        and change.region in (None, bundle.region)
        and change.segment in (None, bundle.segment)
        and bundle.has_trouble
    )


def join_gaps(scene: Scene) -> None:
    """Join silences of one service, and of one telemetry source that stopped at one moment."""
    for attribute in ("service", "source"):
        silent: defaultdict[str, list[int]] = defaultdict(list)
        for place, bundle in enumerate(scene.bundles):
            if bundle.nature is Nature.GAP:
                series = bundle.symptoms[0].series
                silent[series.key.service if attribute == "service" else series.source].append(
                    place
                )
        limit = scene.policy.window_seconds if attribute == "service" else CLOSE_SECONDS
        for name, places in sorted(silent.items()):
            for a, b in pairwise(places):
                second = scene.bundles[b]
                if name and apart(scene.bundles[a], second) <= limit:
                    text = f"telemetry of {attribute} {name} went silent together"
                    scene.links.join(a, b, Clause(text=text, source=second.id))


def join_blinded(scene: Scene) -> None:
    """Join what is only said to be down to the silence of a whole source of telemetry.

    Whoever watches through that source sees everything behind it down. A service that shows
    anything else is really ill, and stays by itself.
    """
    dark = [
        place
        for place, bundle in enumerate(scene.bundles)
        if bundle.nature is Nature.GAP and any(one.is_source_gap for one in bundle.symptoms)
    ]
    for places in scene.sick.values() if dark else ():
        said = [one for place in places for one in scene.bundles[place].symptoms]
        if not all(one.says_down for one in said):
            continue
        for a, b in product(dark, places):
            gap, down = scene.bundles[a], scene.bundles[b]
            if gap.env == down.env and apart(gap, down) <= scene.policy.window_seconds:
                text = (
                    f"{down.service} is only said to be down, and telemetry from {gap.service} "
                    f"stopped at {clock_time(gap.symptoms[0].onset)}"
                )
                scene.links.join(a, b, Clause(text=text, source=down.id))


def join_unit_changes(scene: Scene) -> None:
    """Join a series that changed its unit to what was said of its values before that was known."""
    changed: defaultdict[SeriesKey, list[int]] = defaultdict(list)
    for place, bundle in enumerate(scene.bundles):
        for symptom in bundle.symptoms if bundle.nature is Nature.GAP else ():
            if symptom.kind is SymptomKind.UNIT_CHANGE:
                changed[symptom.series.key].append(place)
    if not changed:
        return
    for place, bundle in enumerate(scene.bundles):
        for symptom in bundle.symptoms if bundle.nature is not Nature.GAP else ():
            for other in changed.get(symptom.series.key, ()):
                if apart(bundle, scene.bundles[other]) <= CLOSE_SECONDS:
                    text = f"{symptom.series.key.metric} of {bundle.service} changed its unit"
                    source = scene.bundles[other].id
                    scene.links.join(place, other, Clause(text=text, source=source))


def join_blindly(scene: Scene) -> None:
    """Join by time and cohort alone, where no topology says anything else."""
    if not scene.calls.is_blind:
        return
    window = scene.policy.window_seconds * BLIND_WINDOW_RATIO
    cohorts: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, bundle in enumerate(scene.bundles):
        if bundle.nature is Nature.TROUBLE:
            cohorts[bundle.env, bundle.region or "", bundle.segment or ""].append(place)
    chains = [sorted(places) for _, places in sorted(cohorts.items())]
    for first, second in [(one, one) for one in chains] + list(combinations(chains, 2)):
        if share_cohort(scene.bundles[first[0]], scene.bundles[second[0]]):
            for a, b in pairwise(sorted({*first, *second})):
                if apart(scene.bundles[a], scene.bundles[b]) <= window:
                    text = "began at the same time; no topology is known"
                    scene.links.join(a, b, Clause(text=text, source=scene.bundles[b].id))
