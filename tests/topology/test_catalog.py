import pytest

from topology.attributes import Service, ServiceKind
from topology.catalog import EntityRef
from topology.draft import Parsed
from topology.parse import parse_topologies, parse_topology

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  title: the checkout
spec:
  type: service
  owner: group:shop/payments
  dependsOn: ['resource:orders-db', 'component:default/pricing', 'Component:other/tax']
  consumesApis: [ledger-api]
  providesApis: [checkout-api]
---
apiVersion: backstage.io/v1alpha1
kind: Resource
metadata:
  name: orders-db
spec:
  type: database
  owner: user:dba
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ledger
spec:
  type: service
  owner: billing
  providesApis: [ledger-api]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop-site
spec:
  type: website
  owner: web
  consumesApis: ['component:checkout', 'api:default/checkout-api', gone-api]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: pricing}
spec: {type: service, owner: web, dependencyOf: ['component:ledger']}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: payments}
spec: {type: team, children: []}
"""


@pytest.fixture
def catalog() -> Parsed:
    return parse_topology(CATALOG, "catalog-info.yaml")


def component(
    name: str, spec: str = "", namespace: str = "default", kind: str = "Component"
) -> str:
    return (
        f"---\napiVersion: backstage.io/v1alpha1\nkind: {kind}\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{spec}}}\n"
    )


def pairs_of(parsed: Parsed) -> list[tuple[str, str]]:
    return [(edge.caller, edge.callee) for edge in parsed.graph.edges]


def test_components_and_resources_become_services_and_groups_do_not(catalog: Parsed) -> None:
    assert list(catalog.graph.services) == [
        "checkout",
        "ledger",
        "orders-db",
        "pricing",
        "shop-site",
        "tax",
    ]


def test_owners_become_bare_roles_whatever_their_form(catalog: Parsed) -> None:
    owners = {name: service.owner for name, service in catalog.graph.services.items()}

    assert owners["checkout"] == "payments"
    assert owners["orders-db"] == "dba"
    assert owners["ledger"] == "billing"
    assert owners["tax"] is None


def test_the_declared_type_gives_the_kind_and_the_title_the_spoken_name(catalog: Parsed) -> None:
    assert catalog.graph.service("orders-db").kind is ServiceKind.DB
    assert catalog.graph.service("shop-site").kind is ServiceKind.EDGE
    assert catalog.graph.service("checkout") == Service(
        name="checkout", owner="payments", display="the checkout"
    )


def test_relations_become_edges_from_caller_to_callee(catalog: Parsed) -> None:
    assert pairs_of(catalog) == [
        ("checkout", "ledger"),
        ("checkout", "orders-db"),
        ("checkout", "pricing"),
        ("checkout", "tax"),
        ("ledger", "pricing"),
        ("shop-site", "checkout"),
    ]


def test_what_the_catalog_does_not_hold_is_reported_with_its_line(catalog: Parsed) -> None:
    found = [(one.line, one.message) for one in catalog.problems if "owner '" not in one.message]
    assert found == [
        (9, "service 'tax' is not declared; it is added without an owner"),
        (
            37,
            "'shop-site' consumes API 'gone-api', which no component here provides; no edge",
        ),
    ]


def test_a_reference_without_namespace_means_the_entitys_own() -> None:
    parsed = parse_topology(
        component("a", "dependsOn: ['component:b']", "shop") + component("b", "", "shop"), "c.yaml"
    )

    assert pairs_of(parsed) == [("a", "b")]
    assert parsed.problems == ()


def test_a_reference_without_kind_means_a_component_else_a_resource() -> None:
    parsed = parse_topology(
        component("a", "dependsOn: [b, store]")
        + component("b")
        + component("store", kind="Resource"),
        "c.yaml",
    )

    assert pairs_of(parsed) == [("a", "b"), ("a", "store")]
    assert parsed.problems == ()


def test_two_entities_of_one_name_stay_two_services() -> None:
    parsed = parse_topology(
        component("orders", "dependsOn: ['resource:orders']")
        + component("orders", kind="Resource"),
        "c.yaml",
    )

    assert pairs_of(parsed) == [("orders", "resource:default/orders")]
    assert "another entity is called 'orders' too" in parsed.problems[0].message


def test_the_same_entity_twice_keeps_the_first() -> None:
    parsed = parse_topology(
        component("a", "owner: first") + component("A", "owner: second"), "c.yaml"
    )

    assert [service.owner for service in parsed.graph.services.values()] == ["first"]
    assert "declared again" in parsed.problems[0].message


def test_libraries_do_not_run_and_carry_no_trouble() -> None:
    parsed = parse_topology(
        component("a", "dependsOn: ['component:lib', 'api:x']") + component("lib", "type: library"),
        "c.yaml",
    )

    assert list(parsed.graph.services) == ["a"]
    assert parsed.problems == ()


def test_references_compare_without_case() -> None:
    parsed = parse_topology(
        component("A-Service", "dependsOn: ['Component:Default/B-SERVICE']")
        + component("b-service"),
        "c.yaml",
    )

    assert pairs_of(parsed) == [("A-Service", "b-service")]


def test_an_entity_without_a_name_is_reported_and_the_rest_goes_on() -> None:
    parsed = parse_topology(
        "kind: Component\nmetadata: {title: x}\n" + component("a", "owner: web"), "c.yaml"
    )

    assert list(parsed.graph.services) == ["a"]
    assert parsed.problems[0].line == 1
    assert "without metadata.name" in parsed.problems[0].message


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("payments", EntityRef("group", "default", "payments")),
        ("user:x", EntityRef("user", "default", "x")),
        ("group:ns/x", EntityRef("group", "ns", "x")),
        ("ns/X", EntityRef("group", "ns", "x")),
    ],
)
def test_a_reference_may_leave_out_kind_and_namespace(text: str, ref: EntityRef) -> None:
    assert EntityRef.parse(text, kind="group") == ref


def test_once_a_group_is_known_an_owner_who_is_none_is_named_where_it_is_given() -> None:
    team = component("payments", kind="Group")
    parsed = parse_topology(
        component("a", "owner: 'group:payments'") + component("b", "owner: paymnts") + team,
        "c.yaml",
    )

    assert [str(problem) for problem in parsed.problems] == [
        "c.yaml:9: warning: the owner 'paymnts' of service 'b' does not exist "
        "(did you mean 'payments'?)"
    ]


def test_the_entities_of_several_files_are_one_catalog() -> None:
    site = component("site", "consumesApis: [orders], dependsOn: ['resource:store']")
    orders = component("orders-app", "providesApis: [orders], owner: shop")
    store = component("store", kind="Resource") + component("shop", kind="Group")

    parsed = parse_topologies([(site, "site.yaml"), (orders, "orders.yaml"), (store, "org.yaml")])

    assert pairs_of(parsed) == [("site", "orders-app"), ("site", "store")]
    assert parsed.problems == ()
    assert str(parsed.places["orders-app"]) == "orders.yaml:4"
