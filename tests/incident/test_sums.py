"""Money over impacts and incidents."""

import pytest

from aiops.incident.sums import money_in_all, money_per_minute, told_once
from tests.notify.stories import impact, incident


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
