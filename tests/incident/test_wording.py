"""How an incident names things."""

from dataclasses import replace

from aiops.incident.wording import cause_words, impact_words
from tests.notify.stories import impact, incident


def test_a_loss_is_told_with_its_rate_its_total_and_how_sure_it_is() -> None:
    assert impact_words(impact(assumption="40 EUR per checkout")) == (
        "revenue per minute in EU down 24%: EUR 1,228 lost per minute, EUR 2,456 since 10:03 UTC"
        " (90% interval EUR 2,100 to EUR 2,800); assumed: 40 EUR per checkout"
    )
    assert "lost per minute" not in impact_words(impact(per_minute=0.0))
    assert "lost per minute" not in impact_words(impact(), over=True)


def test_a_cause_is_told_with_its_change_and_confidence() -> None:
    assert cause_words(incident().causes[0]) == (
        "deploy 2026.04.18-3 to payment-service at 10:01 UTC (82% sure)"
    )
    provider = replace(incident().causes[0], service="card-provider")
    assert cause_words(provider).startswith("card-provider, after deploy 2026.04.18-3 to payment")
    assert cause_words(replace(provider, change=None)) == "card-provider (82% sure)"


def test_what_is_lost_of_a_count_per_minute_is_a_count() -> None:
    orders = impact(kpi="orders per minute", unit="1/min", per_minute=23.0, total=46.0)
    words = impact_words(orders)
    assert "23 lost per minute, 46 since" in words
    assert "/min" not in words
