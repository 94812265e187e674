"""What falls ill at one moment in one neighbourhood, whatever the direction of calls."""

import pytest

from tests.correlate.worlds import calls, errors, found, parts, slow

SIBLINGS = calls("app > queue", "app > cache", "app > store")
TWO_SHOPS = calls(
    "edge > books > books-queue",
    "books > books-cache",
    "edge > music > music-queue",
    "music > music-cache",
)


def test_three_troubles_of_one_moment_under_a_calm_service_are_one_problem() -> None:
    (got,) = found(SIBLINGS, errors("queue"), errors("cache"), errors("store"))
    texts = {clause.text for clause in got.why}
    assert len(texts) == 1
    assert texts.pop().startswith("3 troubles around ")


def test_two_of_them_may_be_unrelated() -> None:
    assert len(found(SIBLINGS, errors("queue"), errors("cache"))) == 2


def test_three_troubles_over_half_an_hour_are_no_crowd() -> None:
    got = found(SIBLINGS, errors("queue", 0), errors("cache", 12), errors("store", 24), at=30)
    assert len(got) == 3


def test_three_troubles_of_different_regions_are_no_crowd() -> None:
    got = found(SIBLINGS, *(errors(one, region=one) for one in ("queue", "cache", "store")))
    assert len(got) == 3


def test_what_has_no_region_bridges_no_two_regions() -> None:
    got = found(
        SIBLINGS, errors("queue", region="EU"), errors("cache", region="US"), errors("store")
    )
    assert len(got) == 3


def test_a_calm_gateway_shared_by_two_systems_joins_no_crowd() -> None:
    ill = ("books-queue", "books-cache", "music-queue")
    assert len(found(TWO_SHOPS, *(errors(one) for one in ill))) == 3


def test_each_of_two_systems_has_its_own_crowd_in_the_same_minute() -> None:
    ill = {f"{shop}{part}" for shop in ("books", "music") for part in ("-queue", "-cache", "-db")}
    world = calls(*(f"edge > {one.partition('-')[0]} > {one}" for one in sorted(ill)))
    got = found(world, *(errors(one) for one in ill))
    assert parts(got) == {
        frozenset(one for one in ill if one.startswith(shop)) for shop in ("books", "music")
    }


def test_what_everybody_calls_joins_no_crowd() -> None:
    callers = [f"app{number}" for number in range(60)]
    world = calls(*(f"{one} > auth" for one in callers))
    assert len(found(world, *(errors(one) for one in callers[:5]))) == 5


def test_what_is_weak_beside_a_problem_is_its_echo() -> None:
    (got,) = found(SIBLINGS, errors("queue", strength=90), slow("cache", strength=20))
    assert got.why[0].text == "cache shows little beside queue at the same moment"


@pytest.mark.parametrize("strength", [30, 90, 300])
def test_what_is_not_weak_stays_a_problem_of_its_own(strength: float) -> None:
    got = found(SIBLINGS, errors("queue", strength=90), slow("cache", strength=strength))
    assert len(got) == 2


def test_what_is_weak_long_after_a_problem_is_not_its_echo() -> None:
    got = found(SIBLINGS, errors("queue", 0, strength=90), slow("cache", 12, strength=20), at=13)
    assert len(got) == 2


def test_an_echo_belongs_to_the_nearest_problem_and_joins_no_two() -> None:
    world = calls("front > cart > cart-db > disk", "front > search > index", "search > ranking")
    got = found(
        world,
        errors("disk", strength=90),
        errors("index", strength=90),
        slow("ranking", strength=20),
    )
    assert parts(got) == {frozenset({"disk"}), frozenset({"index", "ranking"})}


def test_a_blip_beside_a_problem_is_its_echo_however_small_that_is() -> None:
    got = found(SIBLINGS, errors("queue", strength=9), slow("cache", strength=6))
    assert len(got) == 1


def test_two_blips_of_one_service_ten_minutes_apart_have_nothing_to_do_with_each_other() -> None:
    apart = found(SIBLINGS, errors("queue", 0, strength=6), slow("queue", 9, strength=6))
    together = found(SIBLINGS, errors("queue", 0, strength=6), slow("queue", 1, strength=6))
    one_strong = found(SIBLINGS, errors("queue", 0, strength=6), slow("queue", 9))
    assert [len(apart), len(together), len(one_strong)] == [2, 1, 1]


def test_two_blips_along_a_call_minutes_apart_have_nothing_to_do_with_each_other() -> None:
    got = found(SIBLINGS, errors("app", 5, strength=6), errors("queue", 0, strength=6))
    assert len(got) == 2
