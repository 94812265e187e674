"""Incidents as other programs read them."""

from dataclasses import replace

from aiops.incident.export import export, export_all
from tests.builders import minute
from tests.incident.scenes import incident, loss


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
