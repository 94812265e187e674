"""Incidents as other programs read them."""

from dataclasses import replace

from aiops.incident.export import export, export_all
from tests.builders import change, minute
from tests.incident.scenes import DEPLOY, incident, loss


def test_an_impact_says_since_when_how_surely_and_what_was_assumed() -> None:
    (told,) = export(incident())["impact"]
    assert (told["since"], told["low"], told["high"]) == (
        minute(3).isoformat(),
        12_870.0,
        15_730.0,
    )
    assert not {"assumption", "shared_with"} & told.keys()

    guessed = replace(loss(assumption="each is worth EUR 40"), shared_with=("INC-7",))
    (told,) = export(incident(impacts=[guessed]))["impact"]
    assert (told["assumption"], told["shared_with"]) == ("each is worth EUR 40", ["INC-7"])


def test_a_merged_incident_is_told_by_the_one_it_went_into() -> None:
    survivor = incident()
    link = replace(incident(name="INC-1002"), merged_into="INC-1001")
    paged = replace(link, id="INC-1003", paged_at=minute(6))

    told = [one["id"] for one in export_all([survivor, link, paged])]
    assert told == ["INC-1001", "INC-1003"]


def test_a_cohort_may_be_any_declared_label() -> None:
    pro = replace(loss(region=None), labels=(("plan", "pro"),))
    (told,) = export(incident(impacts=[pro]))["impact"]
    assert told["cohort"] == {"plan": "pro"}
    assert "revenue per minute for plan pro down 24%" in incident(impacts=[pro]).story


def test_it_says_who_noticed_first_how_often_and_what_took_it_back() -> None:
    back = change(at=15, ref="2026.04.18-2", reverts=DEPLOY.ref)
    told = export(replace(incident(changes=(DEPLOY, back), at=20), earlier=(minute(-500),)))
    assert told["detected_by"] == {
        "source": "system-detected first",
        "at": minute(4).isoformat(),
        "by": "seasonal",
    }
    assert (told["times"], told["earlier"]) == (2, [minute(-500).isoformat()])
    assert told["rolled_back"] == {
        "kind": "deploy",
        "ref": "2026.04.18-2",
        "timestamp": minute(15).isoformat(),
        "seconds": 720.0,
    }
