import pytest

from topology.attributes import Service, ServiceKind, guess_kind, undeclared


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("orders-db", ServiceKind.DB),
        ("DynamoDB_AWS::DynamoDB", ServiceKind.DB),
        ("mysql57", ServiceKind.DB),
        ("redis-cart", ServiceKind.CACHE),
        ("rabbitmq", ServiceKind.QUEUE),
        ("api_gateway", ServiceKind.EDGE),
        ("front-end", ServiceKind.EDGE),
        ("mail.worker", ServiceKind.WORKER),
        ("card-provider", ServiceKind.EXTERNAL),
        ("payment-service", ServiceKind.APP),
        ("feedback", ServiceKind.APP),
        ("", ServiceKind.APP),
    ],
)
def test_a_general_word_in_the_name_tells_the_kind(name: str, kind: ServiceKind) -> None:
    assert guess_kind(name) is kind


def test_the_last_telling_word_wins_because_it_is_the_head_noun() -> None:
    assert guess_kind("orders-db-proxy") is ServiceKind.EDGE
    assert guess_kind("kafka-consumer") is ServiceKind.WORKER


def test_an_undeclared_service_has_a_guessed_kind_and_no_owner() -> None:
    assert undeclared("orders-db") == Service(name="orders-db", kind=ServiceKind.DB)
    assert undeclared("orders-db").owner is None


def test_a_service_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        Service(name="")
