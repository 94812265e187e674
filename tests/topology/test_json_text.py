import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from topology.document import read_documents
from topology.json_text import read_json
from topology.nodes import MAX_DEPTH, Fields, Items, Node, Scalar

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


def plain(node: Node) -> object:
    """Return what a tree says, without its lines."""
    if isinstance(node, Scalar):
        return node.text
    if isinstance(node, Items):
        return [plain(one) for one in node.nodes]
    return {key: plain(value) for key, (_, value) in node.entries.items()}


def as_texts(value: object) -> object:
    if isinstance(value, list):
        return [as_texts(one) for one in value]
    if isinstance(value, dict):
        return {key: as_texts(one) for key, one in value.items()}
    return value if value is None or isinstance(value, str) else json.dumps(value)


@given(st.lists(TREES, max_size=4) | st.dictionaries(st.text(), TREES, max_size=4), st.booleans())
def test_any_json_is_read_as_what_it_says(value: object, spread: bool) -> None:
    read = read_json(json.dumps(value, indent=1 if spread else None), "t.json")

    assert read is not None
    assert [plain(one) for one in read[0]] == [as_texts(value)]


def test_every_value_knows_its_line() -> None:
    text = '{\n "nodes": [\n  "a",\n  {"name":\n   "b"}\n ]\n}'

    read = read_json(text, "t.json")

    assert read == (
        [
            Fields(
                1,
                {
                    "nodes": (
                        2,
                        Items(2, (Scalar(3, "a"), Fields(4, {"name": (4, Scalar(5, "b"))}))),
                    )
                },
            )
        ],
        [],
    )


def test_a_repeated_key_is_reported_and_the_last_counts() -> None:
    read = read_json('{"a": 1,\n"a": 2}', "t.json")

    assert read is not None
    assert plain(read[0][0]) == {"a": "2"}
    assert [str(one) for one in read[1]] == ["t.json:2: error: key 'a' again (first on line 1)"]


@pytest.mark.parametrize("text", ["{a: 1}", "[1, 2", "[" * 10_000, "{'a': 1}", '{"a": 1} x'])
def test_what_is_no_json_is_left_to_yaml(text: str) -> None:
    assert read_json(text, "t.json") is None


def test_json_beyond_the_depth_limit_is_refused_as_yaml_is() -> None:
    deep = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)

    assert read_json(deep, "t.json") is None


@given(st.dictionaries(st.text("ab", max_size=2), st.text("ab:#{ ", max_size=5), max_size=3))
def test_json_and_the_same_as_yaml_give_the_same_tree(value: dict[str, str]) -> None:
    as_json, as_yaml = (
        read_documents(text, "t")[0] for text in (json.dumps(value), yaml.safe_dump(value))
    )

    assert [plain(one) for one in as_json] == [plain(one) for one in as_yaml]
