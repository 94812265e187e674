from dataclasses import replace

from aiops.domain.incidents import Severity
from aiops.web.views import measured_words, overview
from tests import builders
from tests.builders import minute
from tests.notify.stories import LEVELS, NOW, incident, resolved


def test_the_worst_comes_first_then_the_oldest() -> None:
    late = incident(id="INC-3", started_at=minute(9))
    mild = incident(id="INC-2", severity=Severity.P3, started_at=minute(1))
    view = overview((late, mild, incident(id="INC-1"), resolved()), NOW, NOW)
    assert [one.id for one in view.open] == ["INC-1", "INC-3", "INC-2"]
    assert [one.id for one in view.past] == ["INC-2048"]
    assert not view.is_blind


def test_of_one_severity_the_one_that_took_most_of_a_budget_comes_first() -> None:
    longer, dearer = incident(id="INC-1"), incident(id="INC-2", started_at=minute(9), levels=LEVELS)
    severe = incident(id="INC-3", severity=Severity.P1, started_at=minute(20))
    mild = replace(dearer, id="INC-4", severity=Severity.P2)
    view = overview((mild, dearer, longer, severe), NOW, NOW)
    assert [one.id for one in view.open] == ["INC-2", "INC-1", "INC-3", "INC-4"]


def test_a_count_below_one_is_no_share() -> None:
    errors, *_, counts, _ = builders.story()
    assert measured_words(errors, 0.072) == "7.2%"
    assert measured_words(counts, 0.1) == "0.1"
    assert measured_words(replace(counts), float("nan")) == "no value"
