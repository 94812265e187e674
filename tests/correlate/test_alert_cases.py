from hypothesis import given
from hypothesis import strategies as st

from aiops.correlate.alert_cases import Alert, AlertCase, AlertKind, Habits, rank_alerts

NAMES = "abcd"
ALERTS = st.builds(
    Alert,
    kind=st.sampled_from(AlertKind),
    instance=st.sampled_from([*NAMES, "host"]),
    what=st.sampled_from(["cpu_usage", "requests", "latency_p95"]),
    way=st.sampled_from(["up", "down"]),
)
CASES = st.builds(
    AlertCase,
    alerts=st.frozensets(ALERTS, max_size=8),
    instances=st.just(frozenset(NAMES)),
    calls=st.frozensets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=5),
)


def metric(instance: str, what: str = "cpu_usage", way: str = "up") -> Alert:
    return Alert(kind=AlertKind.METRIC, instance=instance, what=what, way=way)


def log(instance: str, what: str = "7") -> Alert:
    return Alert(kind=AlertKind.LOG, instance=instance, what=what)


def case(*alerts: Alert, calls: tuple[tuple[str, str], ...] = ()) -> AlertCase:
    return AlertCase(alerts=frozenset(alerts), instances=frozenset(NAMES), calls=frozenset(calls))


def first(one: AlertCase, *others: AlertCase) -> str:
    return rank_alerts(one, Habits.of([one, *others])).instances[0]


@given(st.lists(CASES, min_size=1, max_size=6))
def test_every_instance_is_ranked_once_and_hosts_are_none(cases: list[AlertCase]) -> None:
    ranking = rank_alerts(cases[0], Habits.of(cases))

    assert sorted(ranking.instances) == sorted(NAMES)


@given(st.lists(CASES, min_size=1, max_size=6))
def test_the_order_of_the_cases_changes_nothing(cases: list[AlertCase]) -> None:
    forward, backward = Habits.of(cases), Habits.of(cases[::-1])

    assert rank_alerts(cases[0], forward) == rank_alerts(cases[0], backward)


@given(st.lists(CASES, min_size=1, max_size=6))
def test_an_alert_surprises_the_less_the_more_often_it_fires(cases: list[AlertCase]) -> None:
    habits = Habits.of(cases)
    fired = sorted({alert for one in cases for alert in one.alerts}, key=habits.count)
    surprises = [habits.surprise(alert) for alert in fired]

    assert surprises == sorted(surprises, reverse=True)
    assert all(one >= 0 for one in surprises)


def test_one_alert_that_is_news_outweighs_several_that_are_habit() -> None:
    habit = [metric("a", what) for what in ("cpu_usage", "latency_p95", "requests")]

    assert first(case(*habit, metric("b")), *[case(*habit)] * 20) == "b"


def test_more_traffic_at_an_instance_is_rather_an_effect() -> None:
    assert first(case(metric("a", "requests_total"), metric("b", "cpu_usage"))) == "b"


def test_a_new_kind_of_log_line_says_more_than_a_metric() -> None:
    assert first(case(metric("a"), log("b"))) == "b"


def test_of_two_in_equal_trouble_the_callee_is_the_likelier_cause() -> None:
    assert first(case(metric("a"), metric("b"), calls=(("a", "b"),))) == "b"
    assert first(case(metric("a"), metric("b"), calls=(("b", "a"),))) == "a"


def test_a_callee_in_less_trouble_does_not_take_the_blame() -> None:
    alerts = [metric("a", what) for what in ("cpu_usage", "memory", "latency_p95")]

    assert first(case(*alerts, metric("b"), calls=(("a", "b"),))) == "a"


def test_circles_self_calls_and_unknown_ends_do_no_harm() -> None:
    odd = (("a", "b"), ("b", "a"), ("a", "a"), ("gone", "a"), ("a", "gone"))

    assert first(case(metric("a"), log("b"), calls=odd)) == "b"


def test_a_case_without_alerts_or_nodes_is_ranked_all_the_same() -> None:
    nothing = AlertCase(alerts=frozenset(), instances=frozenset())
    nameless = AlertCase(alerts=frozenset({metric("x")}), instances=frozenset())

    assert rank_alerts(case(), Habits.of([case()])).instances == tuple(NAMES)
    assert rank_alerts(nothing, Habits.of([])).instances == ()
    assert rank_alerts(nameless, Habits.of([nameless])).instances == ("x",)


def test_the_evidence_says_what_fired_how_often_it_does_and_what_may_explain_it() -> None:
    one = case(metric("a"), log("b"), log("b", "8"), calls=(("a", "b"),))
    others = [case(log("b"))] * 3

    assert rank_alerts(one, Habits.of([one, *others])).evidence == (
        "b: log 8 (in 1 of 4 cases); log 7 (in 4 of 4 cases)",
        "a: metric cpu_usage up (in 1 of 4 cases); some of it may come from b",
    )
