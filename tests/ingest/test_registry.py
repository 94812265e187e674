import pytest

from aiops.domain.errors import ConfigurationError
from aiops.ingest.prometheus import PrometheusSource
from aiops.ingest.registry import INGESTERS, ingester_named, names, page, source
from aiops.settings import PrometheusSettings, Settings


@pytest.mark.parametrize("name", INGESTERS)
def test_every_ingester_can_be_imported_and_has_a_page(name: str) -> None:
    assert callable(ingester_named(name))
    assert page(name).startswith("# ")


def test_a_configured_source_is_made_by_its_kind() -> None:
    one = PrometheusSettings(name="prom", url="http://127.0.0.1:9090", step_seconds=15)
    made = source(one, Settings())
    assert isinstance(made, PrometheusSource)
    assert (made.name, made.step_seconds) == ("prom", 15)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    assert {"prometheus", "changes"} <= set(names())
    with pytest.raises(ConfigurationError, match=r"known are .*changes.*prometheus"):
        ingester_named("graphite")
    with pytest.raises(ConfigurationError, match="graphite"):
        page("graphite")
