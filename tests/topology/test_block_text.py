import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from topology import document
from topology.block_text import read_block
from topology.document import read_documents
from topology.nodes import MAX_DEPTH, Fields, Items, Node, Scalar
from topology.problems import Problem, TopologyError

TEXTS = st.sampled_from(
    ["a", "b-c", "the shop", "", "null", "~", "NO", "1.5", "a: b", "a:b", "x ", "#x", "- y", "é",
     "'", '"', "\\", "two\nlines", "12:30", "...", "---", "w" * 200, "=", "*a", "%", "@", "+1"]
)  # fmt: skip
TREES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)
PLAIN = st.builds(
    "{}{}".format,
    st.sampled_from(["", "", "  "]),
    st.sampled_from(["a:", "b:", "c: d", "e: null", "'f': ''", "- g", "- h: i", "- j:"]),
)
ODD = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "", " ", "  ", "    "]),
    st.sampled_from(["", "", "- ", "-"]),
    st.sampled_from(
        ["k:", "null: a", "a", "b c", "a:b", "", "# a", "a: 'b", "a: b # c", "---", "...",
         "a: [b]", "a : b", "a: b: c", "? a", "<<: b", "&a b", "- a", "\ta: b", "a: b\r", "a: ~",
         "''", "a: é", "%a: b", "a: -"]
    ),
)  # fmt: skip


def from_events(text: str) -> tuple[list[Node], list[Problem]]:
    """Read a text without the faster way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document, "read_block", lambda _text: None)
        return read_documents(text, "t.yaml")


@settings(max_examples=300)
@given(st.lists(PLAIN, max_size=6).map("\n".join))
def test_what_it_reads_is_what_the_events_tell_and_nothing_is_wrong_with_it(text: str) -> None:
    node = read_block(text)

    assert node is None or from_events(text) == ([node], [])


@settings(max_examples=300)
@given(st.lists(PLAIN | ODD, max_size=5).map("\n".join))
@example("a:\n  b: 1\n c: 2")
@example("a:\n- b\n- c: 1\n  d:\n  - e\nf: 2\n")
@example("- a\n  - b")
@example("a: b\n  c: d")
@example("a: b\n- c: d")
@example("a:\nb: c")
@example("a:\n  - b\n- c")
def test_odd_lines_among_plain_ones_are_read_as_the_events_tell_or_left_to_them(text: str) -> None:
    node = read_block(text)

    assert node is None or from_events(text) == ([node], [])


@settings(max_examples=200)
@given(TREES, st.sampled_from([80, 10_000]))
def test_a_dump_of_anything_is_read_as_its_events_tell_or_left_to_them(
    value: object, width: int
) -> None:
    text = yaml.safe_dump(value, width=width, sort_keys=False)
    node = read_block(text)

    assert node is None or from_events(text) == ([node], [])


def test_every_value_knows_its_line() -> None:
    text = "# ours\n\nshop:\n  owner: web\n  calls:\n  - db\n  - name: 'q'\n    kind:\nlast: ~x\n"

    assert read_block(text.replace("~x", "x y")) == Fields(
        3,
        {
            "shop": (
                3,
                Fields(
                    4,
                    {
                        "owner": (4, Scalar(4, "web")),
                        "calls": (
                            5,
                            Items(
                                6,
                                (
                                    Scalar(6, "db"),
                                    Fields(
                                        7,
                                        {"name": (7, Scalar(7, "q")), "kind": (8, Scalar(8, None))},
                                    ),
                                ),
                            ),
                        ),
                    },
                ),
            ),
            "last": (9, Scalar(9, "x y")),
        },
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing",
        "a: [b]",
        "a: b # why",
        "a: b\na: c",
        "a: &b c",
        "a: !b c",
        "a: |\n  b",
        "a\n b",
        "---\na: b",
        "a:\tb",
        "null: a",
        f"'{'k' * 1200}': v",
        f"{'k' * 1200}: v",
    ],
)
def test_all_but_the_plain_is_left_to_the_events(text: str) -> None:
    assert read_block(text) is None


def test_a_block_beyond_the_limits_is_refused_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    deepest = "\n".join(f"{' ' * depth}a:" for depth in range(MAX_DEPTH))

    assert from_events(deepest) == ([read_block(deepest)], [])
    with pytest.raises(TopologyError, match="nested more than"):
        read_documents(f"{deepest}\n{' ' * MAX_DEPTH}a:", "t.yaml")

    monkeypatch.setattr("topology.block_text.MAX_NODES", 6)
    assert read_block("a: b") is not None
    assert read_block("a: b\nc: d") is None
