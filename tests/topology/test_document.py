import pytest
import yaml

from topology import document
from topology.document import read_documents
from topology.nodes import Fields, Items, Scalar
from topology.problems import TopologyError


def fields_of(text: str) -> Fields:
    [node], problems = read_documents(text, "t.yaml")
    assert problems == []
    assert isinstance(node, Fields)
    return node


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_values_stay_the_text_that_was_written(
    loader: type[yaml.SafeLoader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document, "_LOADER", loader)
    node = fields_of("{a: NO, b: 1.0, c: 2026-04-18, d: 'null', e: null, f: , g: ~}")

    texts = [value.text for _, value in node.entries.values() if isinstance(value, Scalar)]

    assert texts == ["NO", "1.0", "2026-04-18", "null", None, None, None]


def test_keys_and_values_know_their_lines() -> None:
    node = fields_of("# topology\na:\n  - x\n  - y\n")

    assert node.line_of("a") == 2
    assert node.get("a") == Items(3, (Scalar(3, "x"), Scalar(4, "y")))
    assert node.line_of("missing") == 2


def test_json_with_tabs_and_a_byte_order_mark_is_read() -> None:
    assert fields_of('\ufeff{\n\t"a":\t"b\\/c"\n}').get("a") == Scalar(2, "b/c")


def test_empty_documents_are_skipped() -> None:
    documents, _ = read_documents("---\n---\na: 1\n---\n", "t.yaml")

    assert len(documents) == 1


def test_aliases_and_merge_keys_mean_what_they_mean_in_yaml() -> None:
    node = fields_of(
        "base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\n"
        "one: {<<: *base, y: 9}\ntwo: {<<: [*base, *more]}\n"
    )

    def texts(key: str) -> dict[str, str | None]:
        value = node.get(key)
        assert isinstance(value, Fields)
        return {k: v.text for k, (_, v) in value.entries.items() if isinstance(v, Scalar)}

    assert texts("one") == {"x": "1", "y": "9"}
    assert texts("two") == {"x": "1", "y": "2", "z": "4"}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "neither YAML nor JSON"),
        ("a: 1\nb: \x00\n", 2, "neither YAML nor JSON"),
        ("a: 1\nb: *nowhere\n", 2, "alias *nowhere"),
        ("a: &a [1, *a]\n", 1, "alias *a"),
        ("[" * 100 + "]" * 100, 1, "nested more than"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_its_line(
    text: str, line: int, message: str
) -> None:
    with pytest.raises(TopologyError) as caught:
        read_documents(text, "t.yaml")

    [problem] = caught.value.problems
    assert problem.line == line
    assert message in problem.message
    assert str(caught.value).startswith(f"t.yaml:{line}: error: ")


def test_an_alias_bomb_is_refused_before_it_expands() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]

    with pytest.raises(TopologyError, match="aliases expanded"):
        read_documents("\n".join(lines), "bomb.yaml")


def test_a_text_beyond_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_CHARACTERS", 10)

    with pytest.raises(TopologyError, match="11 characters"):
        read_documents("a" * 11, "t.yaml")


def test_a_repeated_key_a_key_that_is_no_text_and_a_foreign_tag_are_reported() -> None:
    [node], problems = read_documents("a: 1\na: 2\n? [x]\n: y\nb: !secret z\n", "t.yaml")

    assert isinstance(node, Fields)
    assert node.get("a") == Scalar(2, "2")
    assert {problem.line: problem.message.split()[0] for problem in problems} == {
        2: "key",
        3: "a",
        5: "tag",
    }


def test_no_object_is_made_from_a_tag() -> None:
    [node], _ = read_documents("a: !!python/object/apply:os.getcwd []\n", "t.yaml")

    assert isinstance(node, Fields)
    assert node.get("a") == Items(1, ())
