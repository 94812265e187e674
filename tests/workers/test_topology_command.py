"""`aiops topology` as its users meet it: exit codes, places, JSON and pictures."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from workers import cli

SHOP = "services:\n  web: {owner: shop, calls: [cart]}\n  cart: {owner: shop}\n"


def aiops(*words: str | Path) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli.app, ["topology", *map(str, words)])
    assert done.exception is None or isinstance(done.exception, (SystemExit, typer.Exit)), done
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    file = tmp_path / "topology.yaml"
    file.write_text(SHOP)
    return file


def test_a_sound_topology_passes(shop: Path) -> None:
    assert aiops("check", shop) == (0, "2 services, 1 call; 0 errors; 0 warnings\n", "")


@pytest.mark.parametrize(
    ("added", "code", "line", "words"),
    [
        ("  cart: {}\n", 2, 4, "key 'cart' again (first on line 3)"),
        ("nodes: [cart]\n", 2, 4, "service 'cart' is declared again (first on line 3)"),
        ("edges: [[web]]\n", 2, 4, "callee missing"),
        ("edges: [[web, card]]\n", 1, 4, "service 'card' is not declared"),
        ("edges: [[web, web]]\n", 1, 4, "service 'web' calls itself"),
        ("edges: [[cart, web]]\n", 1, 2, "services call each other in a circle: cart -> web"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_exit_code(
    shop: Path, added: str, code: int, line: int, words: str
) -> None:
    shop.write_text(SHOP + added)

    ended, said, _ = aiops("check", shop)
    as_json = json.loads(aiops("check", shop, "--json")[1])

    assert ended == code
    assert f"{shop}:{line}: " in said
    assert words in said
    assert [one for one in as_json["problems"] if one["line"] == line and words in one["message"]]
    assert as_json["services"] >= 2


def test_an_empty_topology_and_one_that_is_no_yaml_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text("services: {}\n")
    (tmp_path / "broken.yaml").write_text("services: [\n")

    assert "the topology is empty" in aiops("check", tmp_path / "empty.yaml")[1]
    assert aiops("check", tmp_path / "empty.yaml")[0] == 1
    assert "broken.yaml:2: error: this is neither YAML" in aiops("check", tmp_path)[1]
    assert aiops("check", tmp_path)[0] == 2


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for words in (("check",), ("show",), ("diff", tmp_path / "b.yaml")):
        ended, said, complaint = aiops(*words, tmp_path / "nope.yaml")
        assert (ended, said) == (2, "")
        assert "cannot be read" in complaint


def test_owners_are_compared_with_the_teams_of_the_settings(shop: Path, tmp_path: Path) -> None:
    config = tmp_path / "aiops.yaml"
    config.write_text("topology: topology.yaml\nteams: {shops: {}}\n")

    for words in (("check", "--config", config), ("check", shop, "--config", config)):
        ended, said, _ = aiops(*words)
        assert ended == 1
        assert f"{shop}:2: warning: the owner 'shop' of service 'web' does not exist" in said
        assert "did you mean 'shops'?" in said


def test_without_files_and_without_a_declared_topology_there_is_nothing_to_read(
    tmp_path: Path,
) -> None:
    config = tmp_path / "aiops.yaml"
    config.write_text("mode: observe\n")

    assert "names no topology" in aiops("check", "--config", config)[2]


def test_the_tree_shows_everyone_below_their_callers(shop: Path) -> None:
    assert aiops("show", shop)[1] == (
        "web (edge, owner shop)\n└── cart (app, owner shop)\n2 services, 1 call\n"
    )


def test_around_a_service_stand_its_callers_and_what_it_calls(shop: Path) -> None:
    shop.write_text(SHOP + "edges: [[cart, db], [db, disk]]\n")

    _, said, _ = aiops("show", shop, "--service", "cart", "--hops", "1")

    assert "called by\ncart (app, owner shop)\n└── web (edge, owner shop)" in said
    assert "calls\ncart (app, owner shop)\n└── db (db)" in said
    assert "disk" not in said


def test_a_service_nobody_knows_is_answered_with_a_guess(shop: Path) -> None:
    ended, _, complaint = aiops("show", shop, "--service", "carts")

    assert ended == 2
    assert "did you mean 'cart'?" in complaint


@pytest.mark.parametrize("name", ["shop.svg", "deep/shop.html"])
def test_a_picture_is_written_where_asked(shop: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / name

    assert aiops("show", shop, "--out", out)[0] == 0
    assert "<svg" in out.read_text()


def test_another_ending_is_refused(shop: Path, tmp_path: Path) -> None:
    assert "expected .svg, .html or .yaml" in aiops("show", shop, "--out", tmp_path / "shop.png")[2]


def test_a_name_that_would_steer_the_terminal_is_shown_instead(tmp_path: Path) -> None:
    file = tmp_path / "t.json"
    file.write_text(json.dumps({"nodes": ["\x1b[31mred"], "edges": [["\x1b[31mred", "\x07bell"]]}))

    for words in (("check", file), ("show", file)):
        _, said, _ = aiops(*words)
        assert "\x1b" not in said
        assert "\\x1b[31mred" in said


def test_diff_ends_as_diff_does(shop: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(SHOP.replace("cart: {owner: shop}", "cart: {owner: web, calls: [db]}\n  db:"))

    assert aiops("diff", shop, shop) == (0, "the same\n", "")
    ended, said, _ = aiops("diff", shop, new)
    assert (ended, said.splitlines()) == (
        1,
        ["+ db (db)", "~ cart: owner 'shop', now 'web'", "+ cart -> db"],
    )
    as_json = json.loads(aiops("diff", shop, new, "--json")[1])
    assert as_json["services_changed"] == [
        {"what": "cart", "attribute": "owner", "old": "shop", "new": "web"}
    ]
    assert as_json["same"] is False


def test_a_version_that_cannot_be_read_is_no_difference(shop: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("services: [\n")

    ended, _, complaint = aiops("diff", shop, broken)

    assert ended == 2
    assert "broken.yaml:2" in complaint


def test_several_files_are_written_as_one(shop: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen.yaml"
    seen.write_text("edges: [{caller: cart, callee: db, confidence: 0.5}]\n")
    out = tmp_path / "all.yaml"

    assert aiops("show", shop, seen, "--out", out)[0] == 0
    assert aiops("diff", tmp_path, out)[1] == "the same\n"
    assert "confidence: 0.5" in out.read_text()


def test_settings_may_name_a_folder_of_topology_files(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "topology"
    folder.mkdir()
    shop.rename(folder / "own.yaml")
    (folder / "seen.yaml").write_text("edges: [{caller: cart, callee: web, confidence: 0.5}]\n")
    config = tmp_path / "aiops.yaml"
    config.write_text("topology: topology\n")

    ended, said, _ = aiops("check", "--config", config)

    assert ended == 1
    assert "services call each other in a circle: cart -> web -> cart" in said
