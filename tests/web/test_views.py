from dataclasses import replace

import pytest

from aiops.domain.incidents import Severity
from aiops.web.views import measured_words, money_in_all, money_per_minute, overview, told_once
from tests import builders
from tests.builders import minute
from tests.notify.stories import NOW, impact, incident, resolved


def test_no_money_is_counted_twice() -> None:
    whole = impact(region=None, per_minute=100.0)
    parts = (impact(per_minute=60.0), impact(region="US", per_minute=40.0))
    business = impact(region=None, segment="business", per_minute=30.0)
    other = impact(kpi="fees", unit="USD", region="EU", per_minute=7.0)
    calm = impact(kpi="logins", unit="1/min", per_minute=50.0)
    of = incident(impacts=(whole, *parts, business, other, calm))
    assert money_per_minute([of, of]) == {"EUR": 200.0, "USD": 14.0}
    assert told_once(incident(impacts=(business, *parts))) == parts


@pytest.mark.parametrize("odd", [float("nan"), 0.0, -1.0])
def test_what_is_no_loss_is_not_counted(odd: float) -> None:
    assert money_in_all([incident(impacts=(impact(total=odd),))]) == {}


def test_the_worst_comes_first_then_the_oldest() -> None:
    late = incident(id="INC-3", started_at=minute(9))
    mild = incident(id="INC-2", severity=Severity.P3, started_at=minute(1))
    view = overview((late, mild, incident(id="INC-1"), resolved()), NOW, NOW)
    assert [one.id for one in view.open] == ["INC-1", "INC-3", "INC-2"]
    assert [one.id for one in view.past] == ["INC-2048"]
    assert not view.is_blind


def test_a_count_below_one_is_no_share() -> None:
    errors, *_, counts, _ = builders.story()
    assert measured_words(errors, 0.072) == "7.2%"
    assert measured_words(counts, 0.1) == "0.1"
    assert measured_words(replace(counts), float("nan")) == "no value"
