"""News of pages of others, and the names that stand in their titles."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.domain.naming import named_in
from aiops.domain.pages import OutsidePage, PageWord, joined
from aiops.domain.words import Verb
from tests.builders import minute


def page(seen: int, *words: PageWord, ended: bool = False) -> OutsidePage:
    return OutsidePage(
        id="Q1",
        title="API errors",
        service="API",
        urgency="high",
        opened_at=minute(0),
        seen_at=minute(seen),
        ended_at=minute(seen) if ended else None,
        words=words,
    )


WORDS = st.builds(
    PageWord,
    at=st.integers(0, 3).map(minute),
    verb=st.sampled_from([Verb.ACKNOWLEDGE, Verb.MITIGATE]),
    who=st.sampled_from(["ann", "bob"]),
)
NEWS = st.builds(
    lambda seen, ended, words: page(seen, *words, ended=ended),
    st.integers(0, 3),
    st.booleans(),
    st.lists(WORDS, max_size=1),
)


@given(st.lists(NEWS, min_size=1, max_size=4))
def test_news_of_a_page_come_to_the_same_in_any_order_and_however_often(
    news: list[OutsidePage],
) -> None:
    outcomes = set()
    for order in permutations(news):
        stands = order[0]
        for one in (*order, order[0]):
            stands = joined(stands, one)
        outcomes.add(stands)
    assert len(outcomes) == 1
    (stands,) = outcomes
    assert set(stands.words) == {word for one in news for word in one.words}
    assert stands.seen_at == max(one.seen_at for one in news)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[FIRING:1] HighErrorRate checkout prod", {"checkout"}),
        ("PaymentGateway 5xx", {"payment-gateway"}),
        ("payment gateway and payment are down", {"payment", "payment-gateway"}),
        ("checkouts are slow", set()),
        ("", set()),
    ],
)
def test_a_service_is_named_by_its_words_and_not_by_a_part_of_a_longer_name(
    text: str, named: set[str]
) -> None:
    assert named_in(text, frozenset({"checkout", "payment", "payment-gateway"})) == named
