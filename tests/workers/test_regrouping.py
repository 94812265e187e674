"""A person merges and splits incidents of a running installation: stored, audited, delivered."""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from aiops.domain.environment import EnvState, EnvTick
from aiops.domain.errors import InputError
from aiops.domain.incidents import Incident, IncidentState
from aiops.domain.notifications import DeliveryAction, DeliveryState
from aiops.pipeline import Advance
from aiops.store.audit import AuditEntry, AuditLog
from tests.builders import minute
from tests.workers.installation import Installation, go_on
from workers import cli, regrouping
from workers.regrouping import find, merge, split


def live(parts: Installation) -> list[Incident]:
    return [one for one in parts.incidents.load("prod")[0].incidents if one.is_live]


def services(incident: Incident) -> set[str]:
    return {one.service for one in incident.symptoms}


def told(parts: Installation, name: str) -> list[DeliveryAction]:
    notes = [note for sink in parts.sinks.values() for note, _ in sink.sent]  # type: ignore[attr-defined]
    return [note.action for note in notes if note.incident_id == name]


def test_a_split_is_stored_told_and_kept_by_the_ticks_after_it(shop: Installation) -> None:
    (before,) = live(shop)
    leaving = sorted(services(before))[0]
    rest, fresh = split(shop, before.id, [leaving], by="ann", why="another pool")
    go_on(shop, until=14)
    kept = live(shop)
    assert [one.id for one in kept] == [rest.id, fresh.id]
    assert services(kept[1]) == {leaving}
    assert services(kept[0]) == services(before) - {leaving}
    assert DeliveryAction.UPDATE in told(shop, rest.id)
    assert told(shop, fresh.id)[:1] == [DeliveryAction.TRIGGER]


def test_saying_it_twice_changes_nothing(shop: Installation) -> None:
    (before,) = live(shop)
    leaving = sorted(services(before))[0]
    rest, fresh = split(shop, before.id, [leaving], by="ann", why="another pool")
    again = split(shop, before.id, [leaving], by="ann", why="another pool")
    assert [one.id for one in again] == [rest.id, fresh.id]
    go_on(shop, until=12)
    assert merge(shop, [rest.id, fresh.id], by="ann", why="no, one")[1] == (fresh.id,)
    standing = shop.incidents.load("prod")
    assert merge(shop, [rest.id, fresh.id], by="bob", why="one")[1] == ()
    assert shop.incidents.load("prod") == standing
    go_on(shop, until=14)
    assert [services(one) for one in live(shop)] == [services(before)]
    assert told(shop, fresh.id)[-1:] == [DeliveryAction.RESOLVE]
    assert merge(shop, [fresh.id, rest.id], by="bob", why="one")[0].id == rest.id


def test_nobody_is_called_for_what_became_a_link_before_its_page_went_out(
    shop: Installation,
) -> None:
    (before,) = live(shop)
    leaving = sorted(services(before))[0]
    rest, fresh = split(shop, before.id, [leaving], by="ann", why="another pool")
    assert merge(shop, [rest.id, fresh.id], by="ann", why="no, one")[1] == (fresh.id,)
    go_on(shop, until=14)
    assert told(shop, fresh.id) == []
    assert shop.outbox.counts()[DeliveryState.PENDING] == 0


def test_the_audit_log_says_who_said_what_where_and_why(shop: Installation) -> None:
    (before,) = live(shop)
    rest, fresh = split(shop, before.id, sorted(services(before))[:1], by="ann", why="two")
    log = AuditLog(shop._engine)
    for one in (rest, fresh):
        (entry,) = log.entries(subject=one.id)
        assert (entry.actor, entry.action) == ("ann", "split")
        assert entry.detail == "two (said on the command line)"


def test_what_correlation_does_meanwhile_is_not_lost(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = live(shop)
    whole: Callable[[Installation, EnvState], EnvTick] = regrouping._tick
    overtaken: list[int] = []

    def slow(parts: Installation, env: EnvState) -> EnvTick:
        if not overtaken:
            overtaken.append(1)
            go_on(shop, until=12)
        return whole(parts, env)

    monkeypatch.setattr("workers.regrouping._tick", slow)
    split(shop, before.id, sorted(services(before))[:1], by="ann", why="two")
    assert shop.incidents.load("prod")[0].at == minute(12)
    assert len(live(shop)) == 2


def test_a_step_that_fails_half_way_leaves_nothing_behind(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    (before,) = live(shop)
    standing = shop.incidents.load("prod")

    def torn(connection: object, entry: AuditEntry) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("aiops.store.incidents.write_entry", torn)
        with pytest.raises(KeyboardInterrupt):
            split(shop, before.id, sorted(services(before))[:1], by="ann", why="two")
    assert shop.incidents.load("prod") == standing
    split(shop, before.id, sorted(services(before))[:1], by="ann", why="two")
    assert len(live(shop)) == 2


def test_what_cannot_be_is_refused_in_words(shop: Installation) -> None:
    (before,) = live(shop)
    with pytest.raises(InputError, match="no incident INC-7; `aiops incident list` shows"):
        merge(shop, [before.id, "INC-7"], by="ann", why="one")
    with pytest.raises(InputError, match="say why"):
        split(shop, before.id, ["checkout"], by="ann", why=" ")
    with pytest.raises(InputError, match="takes two different"):
        merge(shop, [before.id, before.id], by="ann", why="one")
    assert find(shop, before.id.lower()) == shop.incidents.get(before.id)


def test_an_incident_of_another_environment_is_never_merged(shop: Installation) -> None:
    (before,) = live(shop)
    other = replace(before, id="INC-2001", env="staging", symptoms=())
    state = EnvState(env="staging", incidents=(other,), next_number=2002)
    shop.incidents.commit(0, state, revisions=[other], now=minute(10))
    with pytest.raises(InputError, match=r"several environments \(prod, staging\)"):
        merge(shop, [before.id, other.id], by="ann", why="one")


def test_a_step_without_effect_writes_nothing(shop: Installation) -> None:
    standing = shop.incidents.load("prod")
    entry = AuditEntry(at=minute(10), actor="ann", action="look", subject="")
    assert shop.incidents.regroup_by_person("prod", lambda env: Advance(state=env), entry) == ()
    assert shop.incidents.load("prod") == standing


def test_the_commands_say_what_they_did(
    shop: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.commands.incident.client", lambda _config: shop)

    def said(*words: str) -> str:
        done = CliRunner().invoke(cli.app, ["incident", *words])
        assert done.exit_code == 0, done.output
        return done.output

    (before,) = live(shop)
    leaving = sorted(services(before))[0]
    assert said("list").startswith(f"{before.id}  {before.severity}  open")
    assert said("list").splitlines()[-1].startswith("cost: 1 measured, 0 estimated")
    told = said("show", before.id)
    assert "  cost    measured: measured by revenue per minute" in told
    assert re.search(r"  region  EU  since 10:0\d UTC: error rate .* → ", told)
    parted = said("split", before.id.lower(), leaving, "--why", "two", "--by", "ann")
    assert parted.splitlines()[1].startswith("INC-1002, split from it: ")
    both = json.loads(said("list", "--json"))
    assert {one["incident"] for one in both["incidents"]} == {before.id, "INC-1002"}
    assert sum(both["cost"].values()) == 2
    shown = json.loads(said("show", "inc-1002", "--json"))
    assert shown["apart_from"] == [before.id]
    assert "split from INC-1001 by ann: two" in said("show", "INC-1002")
    done = said("merge", before.id, "INC-1002", "--why", "one", "--by", "ann")
    assert done.startswith("INC-1002 merged into INC-1001: ")
    assert said("merge", before.id, "INC-1002", "--why", "one").startswith("nothing to do")
    assert "INC-1002" not in said("list")
    assert f"{IncidentState.MERGED} -> INC-1001" in said("list", "--all")
